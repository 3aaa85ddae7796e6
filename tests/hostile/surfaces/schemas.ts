// What clients say, as text: frames of the WebSocket, bodies and query parameters of HTTP. What passes
// is exactly what it should be, and nothing touches the prototypes of others.
import fc from 'fast-check';
import {
  clientFrame,
  draft,
  historyQuery,
  isName,
  isTooLarge,
} from '../../../solutions/06-cluster-compose/src/messages.ts';
import { attempt } from '../attempt.ts';
import { corpusTexts } from '../corpus.ts';
import { jsonText } from '../inputs.ts';
import { MiB, type Plan, type Surface } from '../Surface.ts';

const FIELDS = ['type', 'room', 'id', 'text', 'since', 'before', 'limit'];
const VALUES = ['"join"', '"leave"', '"send-message"', '"lobby"', '"an-id"', '"hello"', '7'];
const kind = fc.constantFrom('"join"', '"leave"', '"send-message"');
const good = fc.constantFrom('"lobby"', '"a"', '"A"', '7');
const KNOWN: Record<string, readonly string[]> = {
  join: ['type', 'room', 'since'],
  leave: ['type', 'room'],
  'send-message': ['type', 'room', 'id', 'text'],
};

export const schemas: Surface = {
  name: 'schemas',
  what: "clients' frames, bodies and query parameters as JSON",
  inputs: { test: 3000, fuzz: 1_000_000 },
  mayGrowBytes: 16 * MiB,
  run(plan: Plan) {
    const value = jsonText(FIELDS, VALUES);
    const some = fc.oneof({ weight: 1, arbitrary: value }, { weight: 2, arbitrary: good });
    const frame = fc
      .record({ type: kind, room: some, id: some, text: some, since: some })
      .map(({ type, room, id, text, since }) => {
        return `{"type":${type},"room":${room},"id":${id},"text":${text},"since":${since}}`;
      });
    return attempt<string>(plan, {
      examples: corpusTexts('websocket'),
      inputs: fc.oneof(
        { weight: 1, arbitrary: jsonText(FIELDS, VALUES) },
        { weight: 2, arbitrary: frame },
      ),
      async try(text) {
        const value = parsed(text);
        checkOthers(value);
        const frameOf = clientFrame.safeParse(value);
        if (Object.keys(Object.prototype).length > 0) throw new Error('Object has new fields');
        if (!frameOf.success) return nameOf('bad-frame', frameOf.error.issues);
        checkFrame(frameOf.data);
        if (!isName(frameOf.data.room)) return 'bad-room';
        if (frameOf.data.type === 'send-message' && isTooLarge(frameOf.data.text))
          return 'too-large';
        return null;
      },
    });
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // as the connection does: no object, so the schema refuses it
  }
}

function nameOf(code: string, issues: readonly { code?: string; path: PropertyKey[] }[]): string {
  const [issue] = issues;
  if (issue?.code === undefined) throw new Error('refused without an issue');
  return `${code} ${issue.path.map(String).join('.') || 'frame'}`;
}

function checkFrame(frame: { type: string; room: string; since?: number; text?: string }): void {
  const unknown = Object.keys(frame).filter((key) => !KNOWN[frame.type]!.includes(key));
  if (unknown.length > 0) throw new Error(`fields ${unknown} came through`);
  if (Object.getPrototypeOf(frame) !== Object.prototype) throw new Error('another prototype');
  if (typeof frame.room !== 'string') throw new Error('a room that is no text');
  const { since = 0, text = 'x' } = frame;
  if (!Number.isSafeInteger(since) || since < 0) throw new Error(`a since of ${since}`);
  if (typeof text !== 'string' || text === '' || !text.isWellFormed())
    throw new Error('a bad text');
}

/** The same value where HTTP takes it: neither schema may throw. */
function checkOthers(value: unknown): void {
  const body = draft.safeParse(value ?? {});
  if (body.success && !/^[\w.:-]{1,64}$/.test(body.data.id)) throw new Error('a bad id');
  const query = historyQuery.safeParse(value ?? {});
  if (!query.success) return;
  const { since = 0, before = 1, limit } = query.data;
  const whole = [since, before, limit].every(Number.isSafeInteger);
  if (!whole || since < 0 || before < 1 || limit < 1 || limit > 500) throw new Error('a bad query');
}
