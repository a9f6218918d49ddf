// One program for all tests.
export { arrays } from "./arrays";
export { collections } from "./collections";
export { fail, functions } from "./functions";
export * from "./graph";
export * from "./host";
export { strings } from "./strings";
export { views } from "./views";
// The walk over every structure of the bytes layer: 0, or what is wrong.
export { verify } from "../../../assembly/alloc/verify";
