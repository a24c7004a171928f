// Short names for what the page does with its document.

// The element with this id.
export const byId = id => document.getElementById(id);

// What stands in a template of the page, as a new element.
export const copy = template => byId(template).content.firstElementChild.cloneNode(true);

// A new element with these properties and children.
export function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
