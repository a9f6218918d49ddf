/** A line of Python, and the name whose reference count is printed after it. */
export type Line = readonly [code: string, watched: string];

/**
 * What is typed at the prompt: names, lists, functions, sharing, and two objects that refer to each other. `number` is
 * 4, which is shared and immortal, or 4000, which is neither.
 */
export function program(number: number): Line[] {
  return [
    [`x = ${number}`, "x"],
    ["y = x", "x"],
    ["def foo(z): print(getrefcount(z))", "x"],
    ["foo(x)", "x"],
    ["a = [1, x, '33']", "x"],
    ["del x", "y"],
    ["x = 789", "y"],
    ["x = y", "y"],
    ["mylist = a", "mylist"],
    ["mylist.remove(x)", "x"],
    ["del mylist", "a"],
    ["a = []", "a"],
    ["b = a", "a"],
    ["b = None", "a"],
    ["def scope(z): w = z; v = [w, w]; print(getrefcount(z))", "y"],
    ["scope(y)", "y"],
    ["p = 7; q = 3 + 4; print(p is q)", "a"],
    ["p = 4000", "p"],
    ["q = 4000", "p"],
    ["print(p is q)", "p"],
    ["p = 'tallyheap'; q = 'tallyheap'; print(p is q)", "a"],
    ["n = Node()", "n"],
    ["m = Node()", "m"],
    ["n.other = m", "m"],
    ["m.other = n", "n"],
    ["r = ref(n)", "n"],
    ["del n", "m"],
    ["del m", "r"],
    ["print(r() is None)", "r"],
    ["collect()", "r"],
    ["print(r() is None)", "r"],
  ];
}
