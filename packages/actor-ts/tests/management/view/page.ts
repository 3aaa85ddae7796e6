// The view's own files: plain JavaScript without a build, imported by the tests as they are served.
const base = new URL('../../../src/management/view/', import.meta.url);

export function page(file: string): Promise<any> {
  return import(new URL(file, base).href);
}
