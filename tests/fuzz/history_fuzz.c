/*
 * Fuzzes model/history and model/names: a conversation is built of the bytes, two for the rules and one for
 * each step; then every rule that was asked for must hold, nothing that was said may be lost, and a second time
 * nothing may change.
 */
#include <stdlib.h>

#include "model/history.h"
#include "model/names.h"
#include "unit/model/conversation.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static const char *const words[] = {"Tx", "Tx~\\n", "T~", "T", "Ky",  "K",  "Dz", "D",
                                    "S",  "I",      "Fx", "F", "T*~", "I*", "Tx*"};
static const char *const names[] = {
    "f",
    "f.",
    "f_",
    "a b",
    "",
    "n\\u0061me",
    "0123456789012345678901234567890123456789012345678901234567890123456789"};

static void build(struct gw_str bytes, struct gw_request *request)
{
    struct gw_message **message = &request->messages, *open = NULL;
    struct gw_part **part = NULL;

    for (size_t at = 0; at < bytes.len; at++) {
        unsigned byte = (unsigned char)bytes.base[at];
        if (!open || byte < 64) {
            open = *message = gw_arena_zalloc(request->arena, sizeof(*open));
            open->role = (enum gw_role)(byte % 3);
            message = &open->next;
            part = &open->parts;
            continue;
        }
        char word[4] = {open->role == GW_ROLE_ASSISTANT ? 'C' : "RMB"[byte / 8 % 3],
                        (char)('0' + byte % 8), '\0'};
        bool tool = byte >= 128 && open->role != GW_ROLE_SYSTEM;
        *part = conversation_part(request->arena, gw_str_of(tool ? word
                                                            : open->role == GW_ROLE_SYSTEM
                                                                ? words[byte % 4]
                                                                : words[byte % GW_COUNT(words)]));
        (*part)->name = (struct gw_text){gw_str_of(names[byte % GW_COUNT(names)])};
        part = &(*part)->next;
    }
}

static struct gw_history_rules rules_of(const uint8_t *data)
{
    return (struct gw_history_rules){
        .drop_blank = data[0] & 1,
        .merge = data[0] & 2,
        .results_in_user = data[0] & 4,
        .user_first = data[0] & 8,
        .strip_prefill = data[0] & 16,
        .refuse_prefill = data[0] & 32,
        .hoist_system = data[0] & 64,
        .hoist_misplaced = data[0] & 128,
        .calls_last = data[1] & 1,
    };
}

/* Texts that begin with x: none may be lost. */
static unsigned count_parts(const struct gw_part *part)
{
    unsigned count = 0;

    for (; part; part = part->next)
        count += part->text.raw.len && part->text.raw.base[0] == 'x';
    return count;
}

static unsigned count_said(const struct gw_request *request)
{
    unsigned count = count_parts(request->system);

    for (const struct gw_message *message = request->messages; message; message = message->next)
        count += count_parts(message->parts);
    return count;
}

static void check_parts(const struct gw_part *part, const struct gw_history_rules *rules)
{
    for (; part; part = part->next) {
        if (part->kind == GW_PART_TEXT || part->kind == GW_PART_REFUSAL)
            CHECK(rules->drop_blank ? !gw_text_is_blank(part->text) : part->text.raw.len != 0);
        if (part->kind == GW_PART_REASONING)
            CHECK(part->text.raw.len || part->signature.raw.len);
        if (part->kind == GW_PART_REDACTED)
            CHECK(part->data.raw.len);
    }
}

static bool is_result_message(const struct gw_message *message)
{
    return message && message->role == GW_ROLE_USER && message->parts->kind == GW_PART_TOOL_RESULT;
}

/* Answers to the calls of the messages from `first` to `last`, as far as results stand in `*result`. */
static void check_answers(const struct gw_message *first, const struct gw_message *last,
                          const struct gw_part **result)
{
    for (const struct gw_message *message = first;; message = message->next) {
        for (const struct gw_part *part = message->parts; part; part = part->next) {
            if (part->kind != GW_PART_TOOL_CALL)
                continue;
            CHECK(*result && (*result)->kind == GW_PART_TOOL_RESULT);
            CHECK(gw_str_eq((*result)->id.raw, part->id.raw));
            *result = (*result)->next;
        }
        if (message == last)
            return;
    }
}

static unsigned count_kind(const struct gw_part *part, enum gw_part_kind kind)
{
    unsigned count = 0;

    for (; part; part = part->next)
        count += part->kind == kind;
    return count;
}

/* Each call has its result where the rules say, and there are no others. */
static void check_results(const struct gw_request *request, const struct gw_history_rules *rules)
{
    const struct gw_message *message = request->messages;

    while (message) {
        const struct gw_message *first = message, *last = message;
        if (message->role != GW_ROLE_ASSISTANT) {
            CHECK(!count_kind(message->parts, GW_PART_TOOL_RESULT));
            message = message->next;
            continue;
        }
        unsigned calls = count_kind(first->parts, GW_PART_TOOL_CALL);
        while (rules->results_in_user && last->next && last->next->role == GW_ROLE_ASSISTANT) {
            last = last->next;
            calls += count_kind(last->parts, GW_PART_TOOL_CALL);
        }
        message = last->next;
        bool open = calls && !is_result_message(message);
        if (open) /* nobody has said anything behind it */
            for (; message; message = message->next)
                CHECK(rules->results_in_user ? message->role == GW_ROLE_SYSTEM
                                             : message->role != GW_ROLE_USER);
        if (open || !calls)
            continue;
        if (rules->results_in_user) {
            const struct gw_part *result = message->parts;
            check_answers(first, last, &result);
            CHECK(!count_kind(result, GW_PART_TOOL_RESULT));
            message = message->next;
            continue;
        }
        for (const struct gw_part *part = first->parts; part; part = part->next) {
            if (part->kind != GW_PART_TOOL_CALL)
                continue;
            CHECK(is_result_message(message) && !message->parts->next);
            CHECK(gw_str_eq(message->parts->id.raw, part->id.raw));
            message = message->next;
        }
    }
}

/* Calls behind all that the user has said. */
static bool waits_for_results(const struct gw_request *request)
{
    unsigned calls = 0;

    for (const struct gw_message *message = request->messages; message; message = message->next)
        calls = message->role == GW_ROLE_USER
                    ? 0
                    : calls + count_kind(message->parts, GW_PART_TOOL_CALL);
    return calls != 0;
}

static void check_order(const struct gw_part *part)
{
    const struct gw_part *last = NULL;
    bool calls = false;

    for (; part; part = part->next) {
        bool call = part->kind == GW_PART_TOOL_CALL;
        CHECK(!calls || call || part->kind == GW_PART_REASONING || part->kind == GW_PART_REDACTED);
        calls = calls || call;
        last = part;
    }
    CHECK(!calls || last->kind == GW_PART_TOOL_CALL);
}

static void check_rules(const struct gw_request *request, const struct gw_history_rules *rules)
{
    const struct gw_message *before = NULL, *message = request->messages;

    check_parts(request->system, rules);
    for (; message; before = message, message = message->next) {
        CHECK(message->parts);
        check_parts(message->parts, rules);
        bool own = !rules->results_in_user &&
                   (is_result_message(message) || (before && is_result_message(before)));
        if (rules->merge && before && !own)
            CHECK(before->role != message->role);
        if (message->role == GW_ROLE_SYSTEM)
            CHECK(!rules->hoist_system);
        if (message->role == GW_ROLE_SYSTEM && rules->hoist_misplaced && rules->merge)
            CHECK(before && before->role == GW_ROLE_USER &&
                  (!message->next || message->next->role == GW_ROLE_ASSISTANT));
        if (rules->calls_last && message->role == GW_ROLE_ASSISTANT)
            check_order(message->parts);
    }
    if (rules->refuse_prefill && before && before->role == GW_ROLE_ASSISTANT)
        CHECK(waits_for_results(request));
    for (message = request->messages; message && message->role == GW_ROLE_SYSTEM;)
        message = message->next;
    if (rules->user_first)
        CHECK(message && message->role == GW_ROLE_USER);
    check_results(request, rules);
}

/* All calls and results have a name that fits, and each of them comes back. */
static void check_names(struct gw_request *request)
{
    struct gw_name_map *map;

    CHECK(gw_names_apply(request, 64, &map) == GW_OK);
    for (const struct gw_message *message = request->messages; message; message = message->next)
        for (const struct gw_part *part = message->parts; part; part = part->next) {
            if (part->kind != GW_PART_TOOL_CALL && part->kind != GW_PART_TOOL_RESULT)
                continue;
            struct gw_text caller = gw_names_restore(map, part->name);
            CHECK(gw_str_eq(gw_call_id(part->name, GW_ID_MESSAGES, request->arena).raw,
                            part->name.raw) ||
                  gw_text_equals(part->name, GW_STR("name")));
            bool known = false;
            for (size_t i = 0; i < GW_COUNT(names); i++)
                known = known || gw_str_eq(caller.raw, gw_str_of(names[i]));
            CHECK(known);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_arena arena;
    struct gw_ledger ledger = {0};
    struct gw_request request = {.arena = &arena, .ledger = &ledger};
    struct gw_buf once, twice;

    if (size < 2)
        return 0;
    struct gw_history_rules rules = rules_of(data);
    gw_arena_init(&arena, NULL);
    gw_buf_init(&once, 1 << 24);
    gw_buf_init(&twice, 1 << 24);
    build((struct gw_str){(const char *)data + 2, size - 2}, &request);
    unsigned said = count_said(&request);
    CHECK(gw_history_normalise(&request, &rules) == GW_OK);
    CHECK(count_said(&request) == said);
    check_rules(&request, &rules);
    conversation_write(&request, &once);
    CHECK(gw_history_normalise(&request, &rules) == GW_OK);
    conversation_write(&request, &twice);
    CHECK(gw_str_eq(gw_buf_str(&once), gw_buf_str(&twice)));
    check_names(&request);
    gw_buf_finish(&once);
    gw_buf_finish(&twice);
    gw_arena_finish(&arena);
    return 0;
}
