// Draws where things live: for each sharded type its shards as tiles in their nodes' colours, and the
// entities that run, by name.
import { $, element, paint, patch, setClass, setText } from './dom.js';
import { count, listOf, shares } from './words.js';

/** Entities of a type that are listed, and shards that are drawn. */
const maxListed = 120;
const maxTiles = 256;

/** `followed`: a type and an entity, or null; `follow(type, entity)` is called for a click on one. */
export function drawShards(model, followed, follow) {
  const types = [...model.types].map(([type, known]) => ({ type, ...known }));
  $('#no-types').hidden = types.length > 0;
  patch(
    $('#types'),
    types,
    ({ type }) => type,
    ({ type }) => makeType(type, follow),
    (panel, known) => drawType(panel, model, known, followed),
  );
}

function makeType(type, follow) {
  const panel = element(
    'article',
    'type',
    element('h3', '', type),
    element('p', 'shares'),
    element('h4', '', 'Running now'),
    element('ul', 'entities'),
    element('h4', '', 'Shards'),
    element('ol', 'tiles'),
  );
  panel.addEventListener('click', ({ target }) => {
    const button = target.closest('button[data-entity]');
    if (button) follow(type, button.dataset.entity);
  });
  return panel;
}

function drawType(panel, model, { type, numShards, shards }, followed) {
  const [, sharesLine, , list, , tiles] = panel.children;
  const entities = model.entities(type);
  const homes = new Map(model.sorted().map(({ address }) => [address, 0]));
  for (const { node } of shards.values()) if (node) homes.set(node, (homes.get(node) ?? 0) + 1);
  const owned = [...homes].filter(([, number]) => number > 0);
  const moving = [...shards.values()].filter(({ node }) => !node).length;
  const unused = numShards - moving - owned.reduce((sum, [, number]) => sum + number, 0);
  const named = owned.map(([address, number]) => [model.label(address), number]);
  if (moving > 0) named.push(['moving', moving]);
  if (unused > 0) named.push(['not in use', unused]);
  setText(sharesLine, `${count(numShards, 'shard')}: ${shares(named)}`);
  drawEntities(list, model, type, entities, followed);
  const ids = Array.from({ length: Math.min(numShards, maxTiles) }, (_, id) => id);
  patch(
    tiles,
    ids,
    String,
    (id) =>
      element('li', 'tile', element('span', 'number', String(id)), element('b'), element('span')),
    (tile, id) => drawTile(tile, model, shards.get(id)),
  );
}

function drawEntities(list, model, type, entities, followed) {
  const items = entities.slice(0, maxListed);
  const more = entities.length - items.length;
  if (items.length === 0) items.push({ note: 'none' });
  else if (more > 0) items.push({ note: `and ${more} more` });
  patch(
    list,
    items,
    ({ name, note }) => (note ? 'note' : `entity ${name}`),
    ({ note }) => (note ? element('li', 'note') : makeEntity()),
    (item, { name, node, shard, note }) => {
      if (note) return setText(item, note);
      const button = item.firstChild;
      button.dataset.entity = name;
      const isFollowed = followed?.type === type && followed.entity === name;
      button.ariaPressed = String(isFollowed);
      paint(button, node ? model.hue(node) : null);
      setClass(button, node ? 'owned' : 'homeless');
      setText(button.children[0], name);
      setText(button.children[1], node ? `on ${model.label(node)}` : 'moving');
      button.title = `shard ${shard}; choose it to follow only its messages`;
    },
  );
}

function makeEntity() {
  const button = element('button', '', element('b'), ' ', element('small'));
  button.type = 'button';
  return element('li', '', button);
}

function drawTile(tile, model, shard) {
  const [, names, owner] = tile.children;
  const home = shard?.node ?? null;
  const isMoving = shard && !home;
  setClass(tile, `tile${home ? ' owned' : ''}${isMoving ? ' homeless' : ''}`);
  paint(tile, home ? model.hue(home) : null);
  setText(owner, home ? model.shortLabel(home) : isMoving ? 'moving' : '–');
  const entities = shard?.entities ?? [];
  setText(
    names,
    entities.length > 1 ? `${entities[0]} +${entities.length - 1}` : (entities[0] ?? ''),
  );
  const where = home
    ? `on ${model.label(home)}`
    : isMoving
      ? `was on ${model.label(shard.from)}`
      : '';
  tile.title = [where, listOf(entities, 20)].filter(Boolean).join(': ');
}
