import { choice } from "./dom.js";

/**
 * Light and dark. Colours stand in the style sheet; what is drawn on a canvas asks for them here, and is drawn again
 * when they change.
 */

const THEMES = ["light dark", "light", "dark"];
const redraws = new Set<() => void>();
const probe = document.createElement("span");

/** The colour that a custom property of the style sheet has now, as `rgb(…)`. */
export function colour(property: string): string {
  if (!probe.isConnected) {
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${property})`;
  return getComputedStyle(probe).color;
}

export function isDark(): boolean {
  const wanted = document.documentElement.style.colorScheme;
  if (wanted === "dark" || wanted === "light") return wanted === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Calls `redraw` whenever the colours change. */
export function onTheme(redraw: () => void): void {
  redraws.add(redraw);
}

/** Buttons for the theme. */
export function themeChoice(): HTMLElement {
  return choice("Theme", ["System", "Light", "Dark"], 0, (index) => {
    document.documentElement.style.colorScheme = THEMES[index]!;
    change();
  });
}

function change(): void {
  for (const redraw of redraws) redraw();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", change);
