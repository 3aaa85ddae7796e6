// One contender of one row in a process of its own: starts, then measures whenever it is told to.
//   node contenderProgram.ts <row> <contender>
import { ROWS } from './index.ts';

const [name, who] = process.argv.slice(2);
const make = ROWS.find((row) => row.name === name)?.contenders[who!];
if (make === undefined) throw new Error(`there is no ${who} of ${name}`);
const contender = await make();
process.on('message', async () => process.send!({ value: await contender.measure() }));
process.on('disconnect', async () => {
  await contender[Symbol.asyncDispose]();
  process.exit();
});
process.send!({ ready: true });
