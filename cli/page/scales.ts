/**
 * Colour scales that the colour-blind can read, and that stay in order in grey: viridis (Smith and van der Walt, 2015)
 * and cividis (Nuñez, Anderton and Renslow, PLoS ONE 13:7, 2018), at nine points each.
 */

type Rgb = readonly [number, number, number];

const points = (text: string): readonly Rgb[] =>
  text
    .split(" ")
    .map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb);

const VIRIDIS = points("440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725");
const CIVIDIS = points("00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 fee838");

/** The ends are near black and near white: in front of a page of that colour a part is left out. */
const RANGE = { light: [0, 0.86], dark: [0.2, 1] } as const;

export type Scale = (share: number) => Rgb;

function scale(stops: readonly Rgb[], isDark: boolean): Scale {
  const [low, high] = isDark ? RANGE.dark : RANGE.light;
  return (share) => {
    const at = (low + Math.min(1, Math.max(0, share)) * (high - low)) * (stops.length - 1);
    const index = Math.min(Math.floor(at), stops.length - 2);
    const rest = at - index;
    return stops[index]!.map((value, i) =>
      Math.round(value + (stops[index + 1]![i]! - value) * rest),
    ) as unknown as Rgb;
  };
}

/** For what has an order and no end: sizes. */
export const viridis = (isDark: boolean): Scale => scale(VIRIDIS, isDark);
/** For shares. */
export const cividis = (isDark: boolean): Scale => scale(CIVIDIS, isDark);

export const css = ([r, g, b]: Rgb, alpha = 1): string => `rgb(${r} ${g} ${b} / ${alpha})`;

/** Black or white, whichever is easier to read in front of a colour (WCAG's relative luminance). */
export function inkOn(rgb: Rgb): string {
  const [r, g, b] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b! > 0.18 ? "#000" : "#fff";
}

/** A scale as the background of a legend. */
export function gradient(colours: Scale): string {
  const stops = Array.from({ length: 9 }, (_, i) => css(colours(i / 8)));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
