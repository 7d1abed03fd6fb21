/* The conversation of a caller's request: items of the input as messages (translation.md §3.2). */
#include "codec/openai_responses_private.h"

#include <stdio.h>

#include "model/carrier.h"
#include "model/media.h"

/* ---- messages ---- */

struct input {
    struct gw_responses_reading *reading;
    struct gw_message **last;   /* where the next one goes */
    struct gw_message *message; /* the one at hand; NULL: none, the next part begins one */
    bool results;               /* it is made of results of calls */
    bool begun;                 /* something not of the system has come */
    struct gw_part **last_part; /* of `message` */
    struct gw_part **last_system;
    struct gw_part *states;               /* of calls that come behind them (§2.7) */
    char where[GW_RESPONSES_WHERE_BYTES]; /* of the item */
};

/* The place for the next part of this role. NULL when out of memory. */
static struct gw_part ***place(struct input *input, enum gw_role role, bool joins, bool results)
{
    if (!joins || !input->message || input->message->role != role || input->results != results) {
        struct gw_message *message =
            gw_arena_zalloc(input->reading->request->arena, sizeof(*message));
        if (!message)
            return NULL;
        message->role = role;
        *input->last = message;
        input->last = &message->next;
        input->message = message;
        input->last_part = &message->parts;
    }
    input->results = results;
    input->begun = true;
    return &input->last_part;
}

/* Consecutive items of the assistant are one turn. */
static struct gw_part ***assistant_place(struct input *input)
{
    return place(input, GW_ROLE_ASSISTANT, true, false);
}

static enum gw_status complain_of(struct input *input, const char *member, const char *must)
{
    char param[GW_RESPONSES_WHERE_BYTES + 32];

    (void)snprintf(param, sizeof(param), "%s%s", input->where, member);
    return must ? gw_responses_wrong(input->reading, param, must)
                : gw_responses_missing(input->reading, param);
}

static enum gw_status check_system(struct input *input, const struct gw_part *part)
{
    for (; part; part = part->next)
        if (part->kind != GW_PART_TEXT)
            return complain_of(input, ".content", "text, as the role wants it");
    return GW_OK;
}

static enum gw_status read_message(struct input *input, uint32_t item)
{
    static const struct {
        struct gw_str word;
        enum gw_role role;
    } roles[] = {
        {GW_STR_INIT("user"), GW_ROLE_USER},
        {GW_STR_INIT("assistant"), GW_ROLE_ASSISTANT},
        {GW_STR_INIT("system"), GW_ROLE_SYSTEM},
        {GW_STR_INIT("developer"), GW_ROLE_SYSTEM},
    };
    const struct gw_json *json = &input->reading->json;
    struct gw_text role = text_at(json, item, GW_STR("role"));
    struct gw_part ***last;
    char where[GW_RESPONSES_WHERE_BYTES + 16];
    enum gw_status status;
    size_t i = 0;

    while (i < GW_COUNT(roles) && !gw_text_equals(role, roles[i].word))
        i++;
    if (i == GW_COUNT(roles))
        return complain_of(input, ".role", "user, assistant, system or developer");
    bool leading = roles[i].role == GW_ROLE_SYSTEM && !input->begun;
    if (leading)
        last = &input->last_system;
    else
        last = place(input, roles[i].role, roles[i].role == GW_ROLE_ASSISTANT, false);
    if (!last)
        return GW_NO_MEMORY;
    struct gw_part **first = *last;
    (void)snprintf(where, sizeof(where), "%s.content", input->where);
    status = gw_responses_read_content(input->reading, gw_json_get(json, item, GW_STR("content")),
                                       where, last);
    if (status == GW_OK && roles[i].role == GW_ROLE_SYSTEM)
        status = check_system(input, *first);
    struct gw_text phase = text_at(json, item, GW_STR("phase"));
    if (!leading && gw_text_present(phase))
        input->message->phase = phase;
    return status;
}

/* ---- calls ---- */

/* What a carrier in front of it holds for this call; absent: nothing. */
static struct gw_text state_of(const struct input *input, struct gw_text id)
{
    for (const struct gw_part *part = input->states; part; part = part->next)
        if (gw_str_eq(part->id.raw, id.raw))
            return part->gsig;
    return (struct gw_text){{NULL, 0}};
}

static enum gw_status read_call(struct input *input, uint32_t item, bool custom)
{
    struct gw_responses_reading *reading = input->reading;
    const struct gw_json *json = &reading->json;
    struct gw_text name = text_at(json, item, GW_STR("name"));
    uint32_t given =
        gw_responses_member(json, item, custom ? GW_STR("input") : GW_STR("arguments"));
    struct gw_part ***last = assistant_place(input);
    struct gw_part *part = last ? gw_responses_add_part(reading, GW_PART_TOOL_CALL, last) : NULL;

    if (!part)
        return GW_NO_MEMORY;
    part->tool = custom ? GW_TOOL_CUSTOM : GW_TOOL_FUNCTION;
    part->id = text_at(json, item, GW_STR("call_id"));
    if (!part->id.raw.len)
        return complain_of(input, ".call_id", NULL);
    if (!name.raw.len)
        return complain_of(input, ".name", NULL);
    part->space = text_at(json, item, GW_STR("namespace"));
    part->gsig = state_of(input, part->id);
    part->name = name;
    if (gw_json_type(json, given) == GW_JSON_IS_STRING)
        part->arguments.string = text_of(json, given);
    else if (given == GW_JSON_ABSENT)
        part->arguments.string = GW_TEXT("");
    else
        part->arguments.json = gw_json_slice(json, given);
    return GW_OK;
}

static enum gw_status read_result(struct input *input, uint32_t item, bool custom)
{
    struct gw_responses_reading *reading = input->reading;
    const struct gw_json *json = &reading->json;
    uint32_t output = gw_json_get(json, item, GW_STR("output"));
    struct gw_part ***last = place(input, GW_ROLE_USER, true, true);
    struct gw_part *part = last ? gw_responses_add_part(reading, GW_PART_TOOL_RESULT, last) : NULL;
    struct gw_part **inner;
    char where[GW_RESPONSES_WHERE_BYTES + 16];

    if (!part)
        return GW_NO_MEMORY;
    part->tool = custom ? GW_TOOL_CUSTOM : GW_TOOL_FUNCTION;
    part->id = text_at(json, item, GW_STR("call_id"));
    if (!part->id.raw.len)
        return complain_of(input, ".call_id", NULL);
    inner = &part->parts;
    (void)snprintf(where, sizeof(where), "%s.output", input->where);
    return gw_responses_read_content(reading, output, where, &inner);
}

static enum gw_status read_function_call(struct input *input, uint32_t item)
{
    return read_call(input, item, false);
}

static enum gw_status read_custom_call(struct input *input, uint32_t item)
{
    return read_call(input, item, true);
}

static enum gw_status read_function_result(struct input *input, uint32_t item)
{
    return read_result(input, item, false);
}

static enum gw_status read_custom_result(struct input *input, uint32_t item)
{
    return read_result(input, item, true);
}

/* ---- reasoning ---- */

/* @param data  its encrypted content, absent: none */
static enum gw_status add_reasoning(struct input *input, uint32_t item, struct gw_text data)
{
    struct gw_responses_reading *reading = input->reading;
    const struct gw_json *json = &reading->json;
    struct gw_arena *arena = reading->request->arena;
    struct gw_text id = text_at(json, item, GW_STR("id"));
    struct gw_text text =
        gw_responses_texts(json, gw_json_get(json, item, GW_STR("summary")), arena);
    bool is_summary = text.raw.len > 0;
    struct gw_part *part;

    if (gw_text_present(text) && !is_summary)
        text = gw_responses_texts(json, gw_json_get(json, item, GW_STR("content")), arena);
    if (!gw_text_present(text))
        return GW_NO_MEMORY;
    if (text.raw.len) {
        struct gw_part ***last = assistant_place(input);
        part = last ? gw_responses_add_part(reading, GW_PART_REASONING, last) : NULL;
        if (!part)
            return GW_NO_MEMORY;
        part->text = text;
        part->is_summary = is_summary;
        part->id = id;
        /* Without its proof it is nobody's. */
        part->family = gw_text_present(data) ? GW_FAMILY_OPENAI : GW_FAMILY_PLAIN;
    }
    if (gw_text_present(data)) {
        struct gw_part ***last = assistant_place(input);
        part = last ? gw_responses_add_part(reading, GW_PART_REDACTED, last) : NULL;
        if (!part)
            return GW_NO_MEMORY;
        part->data = data;
        part->id = id;
        part->family = GW_FAMILY_OPENAI;
    }
    return GW_OK;
}

static enum gw_status read_reasoning(struct input *input, uint32_t item)
{
    struct gw_responses_reading *reading = input->reading;
    struct gw_text data = text_at(&reading->json, item, GW_STR("encrypted_content"));
    struct gw_part *parts = NULL, ***last;
    enum gw_status status;

    if (!data.raw.len)
        data = (struct gw_text){{NULL, 0}};
    if (!gw_text_present(data) || !gw_carrier_is(data))
        return add_reasoning(input, item, data);
    status = gw_carrier_read(data, reading->request->arena, &parts);
    if (status != GW_OK)
        return status;
    if (!parts) /* not to be read: what can be seen is left */
        return add_reasoning(input, item, (struct gw_text){{NULL, 0}});
    while (parts) {
        struct gw_part *part = parts;
        parts = part->next;
        part->next = NULL;
        if (part->kind == GW_PART_TOOL_CALL) {
            part->next = input->states;
            input->states = part;
            continue;
        }
        last = assistant_place(input);
        if (!last)
            return GW_NO_MEMORY;
        **last = part;
        *last = &part->next;
    }
    return GW_OK;
}

/* ---- other items ---- */

bool gw_responses_is_our_id(struct gw_text id)
{
    static const struct gw_str prefixes[] = {
        GW_STR_INIT("msg_gw"),
        GW_STR_INIT("rs_gw"),
        GW_STR_INIT("fc_gw"),
        GW_STR_INIT("ctc_gw"),
    };

    for (size_t i = 0; i < GW_COUNT(prefixes); i++) {
        if (!gw_str_starts(id.raw, prefixes[i]))
            continue;
        struct gw_str rest = gw_str_from(id.raw, prefixes[i].len);
        size_t digits = gw_str_find(rest, '_');
        uint64_t number;
        return digits < rest.len && gw_str_to_u64((struct gw_str){rest.base, digits}, &number);
    }
    return false;
}

static enum gw_status read_reference(struct input *input, uint32_t item)
{
    struct gw_request *request = input->reading->request;

    if (!gw_responses_is_our_id(text_at(&input->reading->json, item, GW_STR("id"))))
        return gw_responses_only_native(request, GW_TEXT("item_reference"));
    /* Nothing is kept here to refer to; what counts of it comes whole beside. */
    gw_ledger_add(request->ledger, GW_LEDGER_DROP, GW_STR("item_reference"));
    return GW_OK;
}

/* What OpenAI's own tools left in the conversation. */
static enum gw_status read_vendors(struct input *input, uint32_t item, struct gw_text type)
{
    struct gw_part ***last = assistant_place(input);
    struct gw_part *part =
        last ? gw_responses_add_part(input->reading, GW_PART_SERVER_TOOL, last) : NULL;

    if (!part)
        return GW_NO_MEMORY;
    part->family = GW_FAMILY_OPENAI;
    part->name = type;
    part->raw = gw_json_slice(&input->reading->json, item);
    return GW_OK;
}

typedef enum gw_status read_item_fn(struct input *input, uint32_t item);

static const struct {
    struct gw_str type;
    read_item_fn *read;
} item_types[] = {
    {GW_STR_INIT("message"), read_message},
    {GW_STR_INIT("function_call"), read_function_call},
    {GW_STR_INIT("function_call_output"), read_function_result},
    {GW_STR_INIT("custom_tool_call"), read_custom_call},
    {GW_STR_INIT("custom_tool_call_output"), read_custom_result},
    {GW_STR_INIT("reasoning"), read_reasoning},
    {GW_STR_INIT("item_reference"), read_reference},
};

static enum gw_status read_item(struct input *input, uint32_t item)
{
    const struct gw_json *json = &input->reading->json;
    struct gw_text type = text_at(json, item, GW_STR("type"));

    if (gw_json_type(json, item) != GW_JSON_IS_OBJECT)
        return complain_of(input, "", "an object");
    if (!gw_text_present(type)) {
        bool message = gw_json_get(json, item, GW_STR("role")) != GW_JSON_ABSENT;
        bool reference = gw_text_present(text_at(json, item, GW_STR("id")));
        return message     ? read_message(input, item)
               : reference ? read_reference(input, item)
                           : complain_of(input, ".type", NULL);
    }
    for (size_t i = 0; i < GW_COUNT(item_types); i++)
        if (gw_text_equals(type, item_types[i].type))
            return item_types[i].read(input, item);
    return read_vendors(input, item, type);
}

/* Reasoning without anything that it led to is no turn. */
static void drop_lonely_reasoning(struct gw_request *request)
{
    struct gw_message **at = &request->messages;

    while (*at) {
        const struct gw_part *part = (*at)->role == GW_ROLE_ASSISTANT ? (*at)->parts : NULL;
        bool lonely = part != NULL;
        for (; part && lonely; part = part->next)
            lonely = part->kind == GW_PART_REASONING || part->kind == GW_PART_REDACTED;
        if (lonely)
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

static enum gw_status read_instructions(struct input *input)
{
    struct gw_responses_reading *reading = input->reading;
    uint32_t value = gw_responses_member(&reading->json, 0, GW_STR("instructions"));

    if (value == GW_JSON_ABSENT)
        return GW_OK;
    return gw_responses_read_content(reading, value, "instructions", &input->last_system);
}

enum gw_status gw_responses_read_input(struct gw_responses_reading *reading)
{
    const struct gw_json *json = &reading->json;
    uint32_t value = gw_responses_member(json, 0, GW_STR("input")), item;
    struct gw_json_iter iter = gw_json_iter(json, value);
    struct input input = {
        .reading = reading,
        .last = &reading->request->messages,
        .last_system = &reading->request->system,
    };
    enum gw_status status = read_instructions(&input);
    unsigned index = 0;

    if (status != GW_OK)
        return status;
    if (value == GW_JSON_ABSENT)
        return gw_responses_missing(reading, "input");
    if (gw_json_type(json, value) == GW_JSON_IS_STRING) {
        struct gw_part ***last = place(&input, GW_ROLE_USER, false, false);
        return last ? gw_responses_read_content(reading, value, "input", last) : GW_NO_MEMORY;
    }
    if (gw_json_type(json, value) != GW_JSON_IS_ARRAY)
        return gw_responses_wrong(reading, "input", "a string or an array");
    while (status == GW_OK && gw_json_next(json, &iter, &item)) {
        (void)snprintf(input.where, sizeof(input.where), "input[%u]", index++);
        status = read_item(&input, item);
    }
    drop_lonely_reasoning(reading->request);
    return status;
}
