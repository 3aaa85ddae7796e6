// The page's own files: plain JavaScript without a build, imported by the tests as they are served.
import { fileURLToPath } from 'node:url';

const base = new URL('../../solutions/06-cluster-compose/ui/', import.meta.url);

export const UI_DIR = fileURLToPath(base);

export function ui(file: string): Promise<any> {
  return import(new URL(file, base).href);
}
