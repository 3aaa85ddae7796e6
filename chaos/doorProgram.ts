// The front door by itself, in front of nodes that somebody else runs.
//   DOOR_PORT=3000 DOOR_NODES='[{"name","http","management"}, …]' node chaos/doorProgram.ts
import { FrontDoor } from '../packages/workshop/src/FrontDoor.ts';
import { type Readiness, ReadyWatch } from '../packages/workshop/src/ReadyWatch.ts';

interface Node {
  readonly name: string;
  readonly http: string;
  readonly management: string;
}

const nodes = JSON.parse(process.env.DOOR_NODES!) as Node[];
const door = new FrontDoor(
  nodes.map(({ name, http }) => ({ name, ...addressOf(http) })),
  { onRefused: (name) => watch.forget(name) },
);
await door.listen(Number(process.env.DOOR_PORT));
const watch = new ReadyWatch(
  nodes.map(({ name, management }) => {
    const { host, port: managementPort } = addressOf(management);
    return { name, host, managementPort };
  }),
  { onChange: (name, readiness) => ON_CHANGE[readiness](name) },
);
process.once('SIGTERM', () => {
  watch.close();
  void door.close();
});

const admit = (name: string) => door.admit(name);
const withhold = (name: string) => door.withhold(name);
const drop = (name: string) => door.drop(name);
const ON_CHANGE: Readonly<Record<Readiness, (name: string) => void>> = {
  ready: admit,
  busy: withhold,
  silent: withhold,
  lost: drop,
  gone: drop,
};

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
