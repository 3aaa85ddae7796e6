// `.env` beside a Compose file: the secret that its containers share, which git ignores.
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAME = 'CHAT_SECRET';

/**
 * Adds a secret when the file has none; the same one is then used at every start, so that logins
 * outlive a restart.
 * @returns the file when it was written
 */
export function ensureSecret(dir: string): string | null {
  const file = join(dir, '.env');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (new RegExp(`^\\s*(export\\s+)?${NAME}\\s*=\\s*\\S`, 'm').test(before)) return null;
  const lineEnd = before === '' || before.endsWith('\n') ? '' : '\n';
  const secret = randomBytes(32).toString('base64url');
  appendFileSync(file, `${lineEnd}${NAME}=${secret}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return file;
}
