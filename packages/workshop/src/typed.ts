// The command as the person has typed it, for advice that can be typed as well.

/** `npm start`, or `npm run step:3` where npm was asked for that. */
export function typedCommand(env: NodeJS.ProcessEnv = process.env): string {
  const script = env.npm_lifecycle_event ?? '';
  return /^(step|solution):\d$/.test(script) ? `npm run ${script}` : 'npm start';
}
