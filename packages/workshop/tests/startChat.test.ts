import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Runner, type RunnerOptions } from './fixtures/Runner.ts';

const COMMAND = [fileURLToPath(new URL('../bin/workshop.js', import.meta.url)), 'start'];
const startChat = (options: RunnerOptions = {}) => new Runner({ ...options, command: COMMAND });

it('npm start brings up three members, serves the page, and keeps the messages', async () => {
  await using first = startChat();
  const chat = await first.up();
  const [, members] = await first.said(/members {4}(http:\S+)/);
  expect(await json(members!)).toMatchObject({
    members: [{ status: 'up' }, { status: 'up' }, { status: 'up' }],
  });
  const [, view] = await first.said(/the view {3}(http:\S+)/);
  expect(await (await fetch(view!)).text()).toContain('<title>Cluster</title>');
  const page = await fetch(chat);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain(`href="${view}/"`);

  const authorization = await login(chat);
  const sent = await fetch(`${chat}/rooms/lobby/messages`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'm1', text: 'see you tomorrow' }),
  });
  expect(sent.status).toBe(201);
  first.child.kill('SIGINT');
  expect(await first.exit).toEqual({ code: 0, signal: null });
  expect(first.output).toContain('All stopped.');
  expect(first.output).not.toContain('was killed');

  const second = startChat({ dir: first.dir });
  try {
    const again = await second.up();
    // The token of the first run is good in the second: the secret was kept.
    expect(await json(`${again}/rooms/lobby/messages`, { authorization })).toMatchObject({
      head: 1,
      messages: [{ seq: 1, id: 'm1', text: 'see you tomorrow' }],
    });
  } finally {
    second.child.kill('SIGINT');
    await second.exit;
  }
});

async function json(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  return (await fetch(url, { headers })).json();
}

async function login(chat: string): Promise<string> {
  const answer = await fetch(`${chat}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'ada' }),
  });
  const { token } = (await answer.json()) as { token: string };
  return `Bearer ${token}`;
}
