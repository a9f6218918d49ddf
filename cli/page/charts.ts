/** Charts of the report, for pages of others: `tallyheap-cli/charts`, with `tallyheap-cli/charts.css`. */

export { ArenaMapView } from "./arena-map.js";
export { themeChoice } from "./theme.js";
