/** Elements of the page. */

type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A new element: attributes that are false or undefined are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** The same for SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
}

/** Calls `draw` with the width of an element, now and whenever that changes. */
export function onWidth(element: Element, draw: (width: number) => void): void {
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry!.contentRect.width);
    if (width === last || width === 0) return;
    last = width;
    draw(width);
  }).observe(element);
}

/** Buttons of which one is chosen, as radio buttons: the arrow keys go from one to the next. */
export function choice(
  legend: string,
  labels: readonly string[],
  chosen: number,
  onChange: (index: number) => void,
): HTMLFieldSetElement {
  const name = `choice-${(choices += 1)}`;
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, legend),
    ...labels.map((label, index) => {
      const input = h("input", { type: "radio", name, checked: index === chosen });
      input.addEventListener("change", () => onChange(index));
      return h("label", {}, input, label);
    }),
  );
}

let choices = 0;
