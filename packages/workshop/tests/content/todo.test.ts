import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { withTodo } from '../../src/todo.ts';

describe('todo', () => {
  it('makes an error that names the exercise, what is to be done and where to read', () => {
    const error = todo('6.2', 'close the door');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'ERR_NOT_IMPLEMENTED', statusCode: 501, exercise: '6.2' });
    expect(error.message).toBe(
      'exercise 6.2 is not solved yet: close the door (see steps/06-cluster-compose/README.md)',
    );
  });

  it('is known to a process that was started with it, beside other options', async () => {
    const { NODE_OPTIONS } = withTodo('--no-deprecation');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--print', "process.noDeprecation + ' ' + todo('6.1', 'x').code"],
      { env: { ...process.env, NODE_OPTIONS } },
    );
    expect(stdout.trim()).toBe('true ERR_NOT_IMPLEMENTED');
  });
});
