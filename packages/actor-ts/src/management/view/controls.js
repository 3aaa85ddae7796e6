// Buttons that kill, pause and start nodes. Only a run that started the nodes on this machine can do so;
// it passes this page on then, and answers here in the nodes' place. A node by itself knows of none.
import { $, element, patch, setText } from './dom.js';

const path = '/view/controls';
/** Milliseconds from one question to the next what the nodes do; a kill in a terminal shows as well. */
const askEveryMs = 1000;

const words = { running: 'runs', paused: 'stands still', stopped: 'does not run' };
const buttons = {
  running: { kill: 'Kill', pause: 'Pause' },
  paused: { kill: 'Kill', resume: 'Go on' },
  stopped: { start: 'Start' },
};

/** Shows the buttons, if there are any, from now on. */
export async function showControls() {
  const nodes = await nodesNow();
  $('#controls').hidden = nodes.length === 0;
  if (nodes.length === 0) return;
  draw(nodes);
  setInterval(refresh, askEveryMs);
}

async function nodesNow() {
  const response = await fetch(path, { signal: AbortSignal.timeout(5000) });
  return (await response.json()).nodes;
}

async function refresh() {
  // Without an answer the run itself is gone; the connection says so.
  const nodes = await nodesNow().catch(() => null);
  for (const button of document.querySelectorAll('#controls button')) button.disabled = !nodes;
  if (nodes) draw(nodes);
}

function draw(nodes) {
  patch(
    $('#controls ul'),
    nodes,
    ({ name }) => name,
    () => element('li', '', element('b'), element('span', 'status'), element('span', 'acts')),
    (row, { name, state }) => {
      const [label, status, acts] = row.children;
      setText(label, name);
      setText(status, words[state]);
      patch(
        acts,
        Object.entries(buttons[state]),
        ([action]) => action,
        ([action, text]) => {
          const button = element('button', '', text);
          button.type = 'button';
          button.ariaLabel = `${text}: ${name}`;
          button.addEventListener('click', () => act(name, action));
          return button;
        },
        () => {},
      );
    },
  );
}

async function act(name, action) {
  const answer = await fetch(`${path}/${name}/${action}`, { method: 'POST' }).catch(() => null);
  const gone = 'The run that started the nodes does not answer.';
  setText($('#controls p'), answer === null ? gone : answer.ok ? '' : await answer.text());
  await refresh();
}
