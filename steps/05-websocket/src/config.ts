// A node's settings, from the environment. A bad value is one line that names the variable.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
const port = z.string().refine(isPort, 'a port from 0 to 65535').transform(Number);
const milliseconds = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'milliseconds from 1 to 999999999')
  .transform(Number);
const filled = z.string().trim().min(1, 'a value that is not empty');
const list = filled.transform((text) => text.split(',').map((entry) => entry.trim()));
const host = filled.regex(/^([\w.-]+|\[[\da-f:]+\])$/i, 'a name or an address, IPv6 in brackets');
const hostLike = (pattern: RegExp, form: string) => {
  const written = z.string().regex(pattern, form);
  return written.refine((text) => isPort(text.split(':')[1] ?? '0'), 'ports up to 65535');
};
const hostAndPort = hostLike(/^(chat@)?[\w.-]+:\d+$/, 'host:port');
const hostMaybePort = hostLike(/^[\w.-]+(:\d+)?$/, 'hosts, as host or host:port');

const variables = z.object({
  NODE_NAME: z
    .string()
    .regex(/^[\w.-]{1,64}$/, '1 to 64 letters, digits, dots, dashes or underscores')
    .default('node1'),
  HOST: host.default('127.0.0.1'),
  CLUSTER_PORT: port.default(2551),
  SEEDS: list.pipe(z.array(hostAndPort)).optional(),
  HTTP_HOST: filled.default('127.0.0.1'),
  HTTP_PORT: port.default(3000),
  MANAGEMENT_HOST: filled.default('127.0.0.1'),
  MANAGEMENT_PORT: port.default(8551),
  JOURNAL: z
    .string()
    .regex(/^(memory|sqlite:.+|cassandra)$/, 'memory, sqlite:<path> or cassandra')
    .default('sqlite:./data/chat.db'),
  CASSANDRA_CONTACT_POINTS: list.pipe(z.array(hostMaybePort)).optional(),
  CASSANDRA_LOCAL_DC: filled.default('datacenter1'),
  CASSANDRA_KEYSPACE: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,47}$/, '1 to 48 small letters, digits and _, a letter first')
    .default('chat'),
  CHAT_SECRET: z
    .string()
    .min(16, 'at least 16 characters')
    .default(() => randomBytes(32).toString('hex')),
  ALLOWED_ORIGINS: list
    .pipe(z.array(z.string().regex(/^https?:\/\/[^/]+$/, 'a list of origins like https://host')))
    .optional(),
  /** Rooms and sessions that nobody used for so long are stopped until somebody does. */
  IDLE_MS: milliseconds.default(10 * 60_000),
  /** Of the cluster view, for the chat page of a run on one's own machine to link to. */
  VIEW_URL: z.url({ protocol: /^https?$/, error: 'an http address' }).optional(),
  TRACE: z.stringbool().default(false),
});

const environment = variables.refine(
  ({ JOURNAL, CASSANDRA_CONTACT_POINTS }) => JOURNAL !== 'cassandra' || CASSANDRA_CONTACT_POINTS,
  { path: ['CASSANDRA_CONTACT_POINTS'], message: 'hosts, when JOURNAL is cassandra' },
);

export type Config = z.infer<typeof environment>;

/** A variable has a value it does not take; the message is the one line to print. */
export class ConfigError extends Error {}

/** @throws ConfigError */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const variable = String(path[0]);
    const got = variable === 'CHAT_SECRET' ? 'fewer' : JSON.stringify(env[variable]);
    throw new ConfigError(`${variable} takes ${message}, got ${got}`);
  }
  return parsed.data;
}
