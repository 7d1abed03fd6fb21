#include "demo/demo_answer.h"

#include "base/utf8.h"

#define QUOTE_BYTES_MAX 400u
/* How much of a message is looked at for names of tools. */
#define SEARCHED_BYTES_MAX 4096u
#define TOKEN_BYTES_MAX 8u
/* A long text is streamed in larger pieces, so that a stream is never much larger than its text. */
#define PIECES_MAX 1024u

/* ---- tokens ---- */

size_t gw_demo_token(struct gw_str text)
{
    size_t at = 0, begin;

    while (at < text.len && at < TOKEN_BYTES_MAX && (text.base[at] == ' ' || text.base[at] == '\n'))
        at++;
    begin = at;
    while (at < text.len && text.base[at] != ' ' && text.base[at] != '\n') {
        size_t len = gw_utf8_step(gw_str_from(text, at)).len;
        if (at > begin && at + len - begin > TOKEN_BYTES_MAX)
            break;
        at += len;
    }
    return at;
}

size_t gw_demo_count(struct gw_str text)
{
    size_t count = 0;

    while (text.len) {
        text = gw_str_from(text, gw_demo_token(text));
        count++;
    }
    return count;
}

struct gw_demo_pieces gw_demo_pieces(struct gw_str text)
{
    return (struct gw_demo_pieces){text, gw_demo_count(text) / PIECES_MAX + 1};
}

bool gw_demo_next_piece(struct gw_demo_pieces *pieces, struct gw_str *piece_out)
{
    size_t len = 0;

    for (size_t i = 0; i < pieces->tokens_each; i++)
        len += gw_demo_token(gw_str_from(pieces->rest, len));
    *piece_out = (struct gw_str){pieces->rest.base, len};
    pieces->rest = gw_str_from(pieces->rest, len);
    return len > 0;
}

/* ---- which tools ---- */

static struct gw_str searched(struct gw_str text)
{
    return (struct gw_str){text.base,
                           text.len < SEARCHED_BYTES_MAX ? text.len : SEARCHED_BYTES_MAX};
}

static bool has_any_word(struct gw_str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (gw_demo_has_word(text, gw_str_of(words[i])))
            return true;
    return false;
}

/* The tool to call first, or NULL for an answer in words. */
static const struct gw_demo_tool *choose_tool(const struct gw_demo_ask *ask)
{
    static const char *const hints[] = {"tool", "tools", "weather", "call"};
    struct gw_str text = searched(ask->user_text);
    bool required = ask->choice == GW_DEMO_CHOICE_REQUIRED;

    if (ask->tools_count == 0 || ask->choice == GW_DEMO_CHOICE_NONE || ask->ends_with_tool ||
        (!required && !ask->ends_with_user))
        return NULL;
    for (size_t i = 0; i < ask->tools_count; i++)
        if (gw_str_eq(ask->tools[i].name, ask->choice_name))
            return &ask->tools[i];
    for (size_t i = 0; i < ask->tools_count; i++)
        if (gw_demo_has_word(text, ask->tools[i].name))
            return &ask->tools[i];
    return required || has_any_word(text, hints, GW_COUNT(hints)) ? &ask->tools[0] : NULL;
}

static void add_call(struct gw_demo_exchange *ex, const struct gw_demo_ask *ask,
                     const struct gw_demo_tool *tool, struct gw_demo_said *said)
{
    struct gw_demo_call *call = &said->calls[said->calls_count++];

    *call = (struct gw_demo_call){
        .id = gw_demo_new_id(ex, ""), .name = tool->name, .custom = tool->custom};
    call->input = tool->custom ? gw_demo_prefix(ask->user_text, QUOTE_BYTES_MAX)
                               : gw_demo_from_schema(ex, tool->schema, ask->user_text);
}

static void call_tools(struct gw_demo_exchange *ex, const struct gw_demo_ask *ask,
                       const struct gw_demo_tool *first, struct gw_demo_said *said)
{
    static const char *const hints[] = {"both", "parallel"};

    add_call(ex, ask, first, said);
    if (ask->no_parallel || !has_any_word(searched(ask->user_text), hints, GW_COUNT(hints)))
        return;
    const struct gw_demo_tool *second = first;
    if (ask->tools_count > 1)
        second = &ask->tools[first == &ask->tools[0] ? 1 : 0];
    add_call(ex, ask, second, said);
}

/* ---- what is said ---- */

static struct gw_str quote(struct gw_demo_exchange *ex, struct gw_str text)
{
    struct gw_str head = gw_demo_prefix(text, QUOTE_BYTES_MAX);

    return gw_arena_printf(&ex->arena, "\"%.*s%s\"", GW_STR_ARG(head),
                           head.len < text.len ? "…" : "");
}

static struct gw_str words(struct gw_demo_exchange *ex, const struct gw_demo_ask *ask)
{
    struct gw_str said;

    if (ex->trouble == GW_DEMO_ECHO)
        return ask->ends_with_tool ? ask->tool_output : ask->user_text;
    if (ask->ends_with_tool) {
        said = quote(ex, ask->tool_output);
        return gw_arena_printf(&ex->arena, "The tool answered: %.*s. That is all the demo knows.",
                               GW_STR_ARG(said));
    }
    said = ask->user_text.len ? quote(ex, ask->user_text) : GW_STR("nothing");
    if (ask->attachments)
        said = gw_arena_printf(&ex->arena, "%.*s, with %u attached", GW_STR_ARG(said),
                               ask->attachments);
    return gw_arena_printf(
        &ex->arena,
        "You said: %.*s. This is the demo provider of Sluice: it repeats what it "
        "is told, and no model was asked.",
        GW_STR_ARG(said));
}

static struct gw_str json_words(struct gw_demo_exchange *ex, const struct gw_demo_ask *ask)
{
    if (ask->format_schema != GW_JSON_ABSENT)
        return gw_demo_from_schema(ex, ask->format_schema, ask->user_text);
    struct gw_json_writer *out = gw_demo_json(ex);
    gw_json_write_begin_object(out);
    gw_demo_put(out, "answer", words(ex, ask));
    gw_json_write_end_object(out);
    return gw_arena_str(&ex->arena, gw_demo_json_bytes(ex));
}

static struct gw_str thoughts(struct gw_demo_exchange *ex, const struct gw_demo_ask *ask)
{
    size_t count = gw_demo_count(ask->user_text);

    return gw_arena_printf(&ex->arena,
                           "The message has about %zu tokens. A demo can do little with it, but "
                           "repeating it shows that it came through.",
                           count);
}

/* ---- where it ends ---- */

static void stop_at_sequence(const struct gw_demo_ask *ask, struct gw_demo_said *said)
{
    size_t first = said->text.len;

    for (size_t i = 0; i < ask->stops_count; i++) {
        size_t at = gw_str_find_str(said->text, ask->stops[i]);
        if (at >= first)
            continue;
        first = at;
        said->stop = ask->stops[i];
        said->finish = GW_DEMO_FINISH_STOP_SEQUENCE;
    }
    said->text.len = first;
}

/* Cuts `text` to what is left of the budget. @return true when that cost something */
static bool spend(struct gw_str *text, uint64_t *left, uint64_t *spent)
{
    size_t at = 0;

    while (at<text->len && * left> 0) {
        at += gw_demo_token(gw_str_from(*text, at));
        *left -= 1;
        *spent += 1;
    }
    bool is_cut = at < text->len;
    text->len = at;
    return is_cut;
}

static void count_output(const struct gw_demo_ask *ask, struct gw_demo_said *said)
{
    uint64_t left = ask->output_max;
    bool is_cut = spend(&said->reasoning, &left, &said->reasoning_tokens);

    said->output_tokens = said->reasoning_tokens;
    if (spend(&said->text, &left, &said->output_tokens))
        is_cut = true;
    for (size_t i = 0; i < said->calls_count; i++) {
        struct gw_demo_call *call = &said->calls[i];
        call->cut = spend(&call->input, &left, &said->output_tokens);
        is_cut |= call->cut;
        if (call->cut && call->input.len == 0)
            said->calls_count = i; /* not even begun */
    }
    if (is_cut)
        said->finish = GW_DEMO_FINISH_LENGTH;
    if (said->output_tokens == 0)
        said->output_tokens = 1; /* the end itself */
}

void gw_demo_say(struct gw_demo_exchange *ex, const struct gw_demo_ask *ask,
                 struct gw_demo_said *said_out)
{
    const struct gw_demo_tool *tool = choose_tool(ask);
    struct gw_demo_said said = {
        .input_tokens = ask->input_tokens,
        .created_s = gw_demo_now_s(),
        .id = gw_demo_new_id(ex, ""),
        .text = GW_STR(""),
        .reasoning = GW_STR(""),
    };

    if (ask->reasons)
        said.reasoning = thoughts(ex, ask);
    if (tool && ex->trouble != GW_DEMO_ECHO) {
        said.finish = GW_DEMO_FINISH_CALLS;
        call_tools(ex, ask, tool, &said);
    } else {
        said.text = ask->format == GW_DEMO_FORMAT_JSON ? json_words(ex, ask) : words(ex, ask);
        stop_at_sequence(ask, &said);
    }
    count_output(ask, &said);
    *said_out = said;
}
