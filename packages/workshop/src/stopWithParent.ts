// Preloaded into every node (`node --import`): when the runner is gone, however it went, the node
// stops too. The IPC channel closes with the runner's process, `kill -9` included.
const LAST_RESORT_MS = 5_000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), LAST_RESORT_MS).unref();
  // The program's own orderly shutdown, when it has one; without a handler this ends it at once.
  process.kill(process.pid, 'SIGTERM');
});
// Listening for the parent must not keep a finished program alive.
process.channel?.unref();
