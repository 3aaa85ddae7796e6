// The images that containers are made from: the official ones, unless a variable names another.

const OFFICIAL = {
  NODE_IMAGE: 'node:24-bookworm-slim',
  CASSANDRA_IMAGE: 'cassandra:5',
  NGINX_IMAGE: 'nginx:1',
} as const;

export type ImageVariable = keyof typeof OFFICIAL;
export const IMAGE_VARIABLES = Object.keys(OFFICIAL) as ImageVariable[];

export function imageOf(
  variable: ImageVariable,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return env[variable] || OFFICIAL[variable];
}

/** What to do about one that is not on this machine. Nothing here fetches one by itself. */
export function imageRemedy(variable: ImageVariable, image: string): string {
  return `docker pull ${image}, or name another: ${variable}=…`;
}
