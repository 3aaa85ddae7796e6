// What `npm start` takes: flags first, then environment variables, then the defaults.
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { WorkshopError } from './errors.ts';
import { typedCommand } from './typed.ts';

export interface Settings {
  readonly nodes: number;
  /** Where the front door listens. The nodes themselves listen on loopback only. */
  readonly host: string;
  readonly port: number;
  /** Port of the cluster view with its buttons, on loopback. */
  readonly viewPort: number;
  /** First of a row of ports, one a node; 0: any that are free. */
  readonly httpPort: number;
  readonly managementPort: number;
  readonly clusterPort: number;
  /** Folder for data and secret. */
  readonly dir: string;
  readonly help: boolean;
}

const FLAGS = {
  nodes: { default: '3', about: 'how many nodes, 1 to 9' },
  host: { default: '127.0.0.1', about: 'address of the front door' },
  port: { default: '3000', about: 'port of the front door' },
  'view-port': { default: '8550', about: 'port of the cluster view' },
  'http-port': { default: '3001', about: "first node's HTTP port, the others follow" },
  'management-port': { default: '8551', about: "first node's management port" },
  'cluster-port': { default: '2551', about: "first node's cluster port" },
  dir: { default: '.workshop', about: 'folder for data and secret' },
};

type FlagName = keyof typeof FLAGS;

/** @throws WorkshopError naming the flag or variable, what it got and what it takes */
export function readSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const flags = parse(args);
  const given = (name: FlagName): { text: string; source: string } => {
    const flag = flags[name];
    if (typeof flag === 'string') return { text: flag, source: `--${name}` };
    const variable = env[variableOf(name)];
    if (variable) return { text: variable, source: variableOf(name) };
    return { text: FLAGS[name].default, source: `--${name}` };
  };
  const whole = (name: FlagName, min: number, max: number): number => {
    const { text, source } = given(name);
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new WorkshopError(`${source} takes a whole number from ${min} to ${max}, got "${text}".`);
  };
  const nodes = whole('nodes', 1, 9);
  const lastBase = 65_535 - nodes + 1;
  const host = given('host');
  if (isIP(host.text) === 0) {
    throw new WorkshopError(`${host.source} takes an IP address, got "${host.text}".`);
  }
  return {
    nodes,
    host: host.text,
    port: whole('port', 0, 65_535),
    viewPort: whole('view-port', 0, 65_535),
    httpPort: whole('http-port', 0, lastBase),
    managementPort: whole('management-port', 0, lastBase),
    clusterPort: whole('cluster-port', 0, lastBase),
    dir: given('dir').text,
    help: flags.help === true,
  };
}

export function helpText(command: string): string {
  const rows = Object.entries(FLAGS).map(([name, flag]) => {
    return row(`--${name}`, variableOf(name), flag.default, flag.about);
  });
  return [
    `Usage: ${command} -- [flags]`,
    '',
    row('flag', 'variable', 'default', ''),
    ...rows,
    '',
    'A port of 0 stands for any that is free.',
  ].join('\n');
}

function row(flag: string, variable: string, value: string, about: string): string {
  return `  ${flag.padEnd(19)}${variable.padEnd(27)}${value.padEnd(11)}${about}`.trimEnd();
}

/** `--http-port` is also `WORKSHOP_HTTP_PORT`. */
function variableOf(flag: string): string {
  return `WORKSHOP_${flag.toUpperCase().replaceAll('-', '_')}`;
}

function parse(args: readonly string[]): Record<string, string | boolean | undefined> {
  const flag = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        nodes: flag,
        host: flag,
        port: flag,
        'view-port': flag,
        'http-port': flag,
        'management-port': flag,
        'cluster-port': flag,
        dir: flag,
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new WorkshopError(`${(error as Error).message}\n\n${helpText(typedCommand())}`);
  }
}
