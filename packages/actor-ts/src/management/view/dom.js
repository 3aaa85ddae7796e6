// Small helpers for the page's elements. Text is set as text, never as markup.

export const $ = (selector) => document.querySelector(selector);

/** An element with a class and children; what is no element becomes text. */
export function element(tag, className = '', ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Writes only what differs, so that nobody hears or loses what has not changed. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function setClass(target, className) {
  if (target.className !== className) target.className = className;
}

/**
 * Makes the children of `parent` those of `items`, in their order. Each has a key; the element of a
 * key stays the same one, so that focus and scroll positions stay too.
 */
export function patch(parent, items, keyOf, make, update) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = before.get(key);
    before.delete(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    update(child, item);
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
  for (const child of before.values()) child.remove();
}

/** The colour of a node, for whatever is its own. */
export function paint(target, hue) {
  const value = hue === null ? '' : String(hue);
  if (target.style.getPropertyValue('--h') !== value) target.style.setProperty('--h', value);
}
