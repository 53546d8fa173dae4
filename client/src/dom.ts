/** Small helpers for the page's elements. */

/** The element of that id, which index.html has. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return found;
}

/** A new element with text, never markup. */
export function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = "",
): HTMLElementTagNameMap[K] {
  const one = document.createElement(tag);
  one.className = className;
  one.textContent = text;
  return one;
}

/** Change text only where it differs, so that nothing is announced twice. */
export function setText(one: HTMLElement, text: string): void {
  if (one.textContent !== text) one.textContent = text;
}

/** Make `parent` hold exactly `children`, in order; those that stay are not touched. */
export function setChildren(parent: HTMLElement, children: readonly HTMLElement[]): void {
  const staying = new Set<Element>(children);
  for (const old of [...parent.children]) if (!staying.has(old)) old.remove();
  children.forEach((child, i) => {
    const there = parent.children[i];
    if (there !== child) parent.insertBefore(child, there ?? null);
  });
}
