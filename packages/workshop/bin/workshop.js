// Entry of the workshop's commands. Plain JavaScript, so that an older Node can still read the
// advice: everything behind it is TypeScript, which Node runs from version 24 on.
const NEEDED = 24;
const [command, ...args] = process.argv.slice(2);

if (Number.parseInt(process.versions.node, 10) < NEEDED) {
  process.stderr.write(
    `This needs Node ${NEEDED}, which the repo brings along, but Node ${process.versions.node} ran.\n` +
      'Use the npm scripts (npm start). If you did: npm ci ran without install scripts; mend it\n' +
      'with: npm rebuild node\n',
  );
  process.exit(2);
}

// `start` takes flags of its own and ends by itself; the others share a context.
process.exitCode =
  command === 'start'
    ? await (await import('../src/start.ts')).start(args)
    : await (await import('../src/cli.ts')).cli(command, args);
