/** Why a module cannot be linked, in a line that follows the name of its file. */
export class LinkError extends Error {
  override readonly name = "LinkError";
}
