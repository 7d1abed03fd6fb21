/*
 * model/schema: JSON schemas as vendors take them (translation.md §2.9).
 *
 * Walked by position: below "properties" and its like keys are names, whatever they are called, and survive.
 * What a vendor refuses becomes text of a description, for the model to read. A schema that needs no change is
 * given back as the slice that it was.
 */
#ifndef GW_MODEL_SCHEMA_H
#define GW_MODEL_SCHEMA_H

#include "base/err.h"
#include "model/text.h"

/* Of a tool, for Anthropic: an object at its root, without combinations there.
 * @param schema   base NULL: none
 * @param said_out  what was taken out, for the tool's description ("oneOf: [...]"); absent: nothing was
 * @return GW_OK, GW_INVALID (no JSON), GW_TOO_LARGE or GW_NO_MEMORY */
enum gw_status gw_schema_of_tool(struct gw_str schema, struct gw_arena *arena,
                                 struct gw_str *schema_out, struct gw_text *said_out);

/* Of structured output or a strict tool, for Anthropic: without limits of values, with closed objects.
 * @return as above */
enum gw_status gw_schema_strict(struct gw_str schema, struct gw_arena *arena,
                                struct gw_str *schema_out);

#endif
