/*
 * model/arguments: arguments of a call in the form that the other side has them: a JSON value there, a string
 * here (translation.md §2.1.3), or the free text of a custom tool (§2.8).
 *
 * The slice of the value is kept byte for byte: escapes are added or taken away once, nothing is written anew.
 */
#ifndef GW_MODEL_ARGUMENTS_H
#define GW_MODEL_ARGUMENTS_H

#include "model/request.h"

/* As one JSON object. Blank or null is `{}`, what is no object `{"__raw_arguments":"…"}` and
 * rewrite:tool_arguments in `ledger` (may be NULL). {NULL, 0} when out of memory. */
struct gw_str gw_arguments_object(const struct gw_arguments *arguments, struct gw_arena *arena,
                                  struct gw_ledger *ledger);

/* As the inside of a JSON string; nothing at all is `{}`. Absent when out of memory. */
struct gw_text gw_arguments_string(const struct gw_arguments *arguments, struct gw_arena *arena);

/* The input of a custom tool as the object that a function tool in its place takes: {"input":"…"}.
 * {NULL, 0} when out of memory. */
struct gw_str gw_arguments_of_custom(struct gw_text input, struct gw_arena *arena);

/* And back: the string `input`; the arguments as they are when there is none. Absent when out of memory. */
struct gw_text gw_arguments_to_custom(const struct gw_arguments *arguments, struct gw_arena *arena);

#endif
