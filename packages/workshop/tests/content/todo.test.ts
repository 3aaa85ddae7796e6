import { describe, expect, it } from 'vitest';
import '../../src/todo.ts';

describe('todo', () => {
  it('makes an error that names the exercise, what is to be done and where to read', () => {
    const error = todo('6.2', 'close the door');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'ERR_NOT_IMPLEMENTED', statusCode: 501, exercise: '6.2' });
    expect(error.message).toBe(
      'exercise 6.2 is not solved yet: close the door (see steps/06-cluster-compose/README.md)',
    );
  });
});
