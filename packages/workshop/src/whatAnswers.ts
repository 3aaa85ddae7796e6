// What a browser finds at a program's address: the chat's page, or only its HTTP API. The first steps
// have no page yet.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** @param program its `src/main.ts` */
export function whatAnswers(program: string): 'the chat' | 'the API ' {
  return existsSync(join(program, '../../ui/index.html')) ? 'the chat' : 'the API ';
}
