// Runs in a container that shares the nodes' volume: does for the tests what they ask of the
// journal's file, which lies where the tests cannot reach it.
//   node deskProgram.ts <file> <port>
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { deserialize, serialize } from 'node:v8';
import { type DeskMethod, deskAt } from '../JournalData.ts';

const [file, port] = process.argv.slice(2);
const desk = deskAt(file!);

createServer(async (request, response) => {
  try {
    const [method, ...values] = deserialize(await buffer(request)) as [DeskMethod, ...unknown[]];
    response.end(serialize(await desk.call(method, ...values)));
  } catch (error) {
    response.statusCode = 500;
    response.end(error instanceof Error ? error.stack : String(error));
  }
}).listen(Number(port), '0.0.0.0');
