/*
 * tests/unit/codec/pairs_fold: what a caller makes of a stream, as the vendors' SDKs do it: openai-node's
 * ChatCompletionStream and ResponseAccumulator, anthropic-sdk-typescript's MessageStream.
 *
 * Written from their rules, not from the gateway's, and stricter where a client may be: events that come too
 * late, indexes with gaps and final texts that are not the sum of their pieces are wrong here.
 */
#ifndef GW_TESTS_PAIRS_FOLD_H
#define GW_TESTS_PAIRS_FOLD_H

#include "pairs_fold_resp.h"

/* ---- chat ---- */

static inline void fold_call(struct fold *fold, struct tree *message, const struct tree *delta)
{
    size_t index = fold_index(fold, delta, "index");
    size_t count = tree_count(tree_get(message, "tool_calls"));
    const char *const inner = tree_get(delta, "custom") ? "custom" : "function";
    const struct tree *more = tree_get(delta, inner);

    fold_expect(fold, index <= count, "the index of a call leaves a gap");
    if (index == count) {
        fold_push(fold, message, "tool_calls", delta);
        fold_expect(fold,
                    tree_get(delta, "id") && tree_get(delta, "type") && tree_get(more, "name"),
                    "a call begins without its id, type or name");
        tree_remove(tree_at(tree_get(message, "tool_calls"), index), GW_STR("index"));
        return;
    }
    struct tree *call = tree_at(tree_get(message, "tool_calls"), index);
    fold_expect(fold, !tree_get(more, "name"), "the name of a call comes twice");
    if (call && more) {
        const char *text = tree_get(more, "input") ? "input" : "arguments";
        fold_expect(fold, tree_get(call, inner), "a call changes its kind");
        fold_join(fold, tree_get(call, inner), text, tree_get(more, text));
    }
}

/* OpenRouter's rule: entries of one index and type are one. */
static inline void fold_detail(struct fold *fold, struct tree *message, const struct tree *entry)
{
    static const char *const texts[] = {"text", "summary", "data"};
    struct tree *list = tree_get(message, "reasoning_details"), *there = NULL;

    for (struct tree *child = list ? list->first : NULL; child; child = child->next)
        if (gw_str_eq(tree_get(child, "index")->raw, tree_get(entry, "index")->raw) &&
            gw_str_eq(tree_get(child, "type")->raw, tree_get(entry, "type")->raw))
            there = child;
    if (!there) {
        fold_push(fold, message, "reasoning_details", entry);
        return;
    }
    for (size_t i = 0; i < GW_COUNT(texts); i++)
        if (!tree_is_null(tree_get(entry, texts[i])))
            fold_join(fold, there, texts[i], tree_get(entry, texts[i]));
    if (!tree_is_null(tree_get(entry, "signature")))
        tree_set(fold->arena, there, GW_STR("signature"), tree_get(entry, "signature"));
}

static inline void fold_chat_delta(struct fold *fold, struct tree *message,
                                   const struct tree *delta)
{
    static const char *const texts[] = {"content", "refusal", "reasoning_content"};
    const struct tree *list;

    for (size_t i = 0; i < GW_COUNT(texts); i++) {
        const struct tree *piece = tree_get(delta, texts[i]);
        if (!tree_is_null(piece) && piece->raw.len)
            fold_join(fold, message, texts[i], piece);
    }
    if ((list = tree_get(delta, "tool_calls")))
        for (const struct tree *entry = list->first; entry; entry = entry->next)
            fold_call(fold, message, entry);
    if ((list = tree_get(delta, "reasoning_details")))
        for (const struct tree *entry = list->first; entry; entry = entry->next)
            fold_detail(fold, message, entry);
    if ((list = tree_get(delta, "annotations")))
        for (const struct tree *entry = list->first; entry; entry = entry->next)
            fold_push(fold, message, "annotations", entry);
}

static inline void fold_choice(struct fold *fold, const struct tree *choice)
{
    struct tree *choices = tree_get(fold->answer, "choices");
    size_t index = fold_index(fold, choice, "index");
    const struct tree *finish = tree_get(choice, "finish_reason"),
                      *logprobs = tree_get(choice, "logprobs");

    if (index == tree_count(choices))
        tree_append(
            choices,
            fold_literal(fold, "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,"
                               "\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}"));
    struct tree *there = tree_at(choices, index);
    if (!there) {
        fold_wrong(fold, "the index of a choice leaves a gap");
        return;
    }
    fold_expect(fold, tree_is_null(tree_get(there, "finish_reason")), "a delta behind the finish");
    fold_chat_delta(fold, tree_get(there, "message"), tree_get(choice, "delta"));
    if (!tree_is_null(finish))
        tree_set(fold->arena, there, GW_STR("finish_reason"), finish);
    if (tree_is_null(logprobs))
        return;
    if (tree_is_null(tree_get(there, "logprobs")))
        tree_set(fold->arena, there, GW_STR("logprobs"), fold_literal(fold, "{\"content\":[]}"));
    if (tree_get(logprobs, "refusal"))
        tree_set(fold->arena, tree_get(there, "logprobs"), GW_STR("refusal"),
                 tree_get(logprobs, "refusal"));
    const struct tree *content = tree_get(logprobs, "content");
    for (const struct tree *entry = content ? content->first : NULL; entry; entry = entry->next)
        fold_push(fold, tree_get(there, "logprobs"), "content", entry);
}

static inline void fold_chat(struct fold *fold, const struct tree *chunk)
{
    const struct tree *choices = tree_get(chunk, "choices");

    if (tree_get(chunk, "error")) {
        fold->error = tree_get(chunk, "error");
        fold->over = true;
        return;
    }
    fold_expect(fold, tree_is(tree_get(chunk, "object"), "chat.completion.chunk"), "no chunk");
    if (!fold->answer)
        fold->answer = fold_literal(fold, "{\"object\":\"chat.completion\",\"choices\":[]}");
    for (const struct tree *member = chunk->first; member; member = member->next) {
        const struct tree *there = tree_find(fold->answer, member->key);
        if (!tree_is_null(member) && tree_is_null(there) &&
            !gw_str_eq(member->key, GW_STR("obfuscation")))
            tree_set(fold->arena, fold->answer, member->key, member);
    }
    for (const struct tree *choice = choices ? choices->first : NULL; choice; choice = choice->next)
        fold_choice(fold, choice);
}

/* ---- anth ---- */

static inline void fold_block_delta(struct fold *fold, struct tree *block, size_t index,
                                    const struct tree *delta)
{
    const struct tree *type = tree_get(delta, "type");

    if (tree_is(type, "text_delta"))
        fold_join(fold, tree_is(tree_get(block, "type"), "text") ? block : NULL, "text",
                  tree_get(delta, "text"));
    else if (tree_is(type, "thinking_delta"))
        fold_join(fold, tree_is(tree_get(block, "type"), "thinking") ? block : NULL, "thinking",
                  tree_get(delta, "thinking"));
    else if (tree_is(type, "signature_delta"))
        tree_set(fold->arena, block, GW_STR("signature"), tree_get(delta, "signature"));
    else if (tree_is(type, "citations_delta"))
        fold_push(fold, block, "citations", tree_get(delta, "citation"));
    else if (tree_is(type, "input_json_delta") && fold->arguments[index])
        tree_join(fold->arena, fold->arguments[index], tree_get(delta, "partial_json")->raw);
    else
        fold_wrong(fold, "a delta that does not belong to its block");
}

/* Arguments that were cut are an object of their own when they come whole (translation.md §5.2). */
static inline void fold_input(struct fold *fold, struct tree *block, struct tree *arguments)
{
    struct gw_str quoted = gw_arena_printf(fold->arena, "\"%.*s\"", GW_STR_ARG(arguments->raw)),
                  text;
    struct gw_json json;
    struct gw_err err;

    if (arguments->raw.len == 0)
        return; /* {} of its beginning */
    assert_int_equal(gw_json_read(quoted, fold->arena, 8, &json, &err), GW_OK);
    assert_int_equal(gw_json_string(&json, 0, fold->arena, &text), GW_OK);
    struct tree *input = tree_read(fold->arena, text);
    if (!input || input->type != GW_JSON_IS_OBJECT) {
        struct gw_str raw =
            gw_arena_printf(fold->arena, "{\"__raw_arguments\":%.*s}", GW_STR_ARG(quoted));
        input = tree_read(fold->arena, raw);
    }
    tree_set(fold->arena, block, GW_STR("input"), input);
}

static inline void fold_block(struct fold *fold, const struct tree *event, const struct tree *type)
{
    struct tree *content = tree_get(fold->answer, "content");
    size_t index = fold_index(fold, event, "index"), count = tree_count(content);

    fold_expect(fold, !fold->finished, "a block behind the stop reason");
    if (tree_is(type, "content_block_start")) {
        const struct tree *block = tree_get(event, "content_block");
        fold_expect(fold, !fold->open && index == count && index < FOLD_BLOCKS_MAX,
                    "a block begins within another one, or leaves a gap");
        fold->open = true;
        fold_push(fold, fold->answer, "content", block);
        bool call = tree_is(tree_get(block, "type"), "tool_use") ||
                    tree_is(tree_get(block, "type"), "server_tool_use");
        fold->arguments[index % FOLD_BLOCKS_MAX] =
            call ? tree_string(fold->arena, GW_STR("")) : NULL;
        return;
    }
    struct tree *block = tree_at(content, index);
    if (!fold->open || !block || index + 1 != count) {
        fold_wrong(fold, "something of a block that is not open");
        return;
    }
    if (tree_is(type, "content_block_delta")) {
        fold_block_delta(fold, block, index, tree_get(event, "delta"));
        return;
    }
    fold->open = false;
    if (fold->arguments[index])
        fold_input(fold, block, fold->arguments[index]);
}

static inline void fold_message_delta(struct fold *fold, const struct tree *event)
{
    const struct tree *delta = tree_get(event, "delta"), *usage = tree_get(event, "usage");

    fold_expect(fold, !fold->open && !fold->finished, "a stop reason within a block, or twice");
    fold->finished = true;
    for (const struct tree *member = delta ? delta->first : NULL; member; member = member->next)
        tree_set(fold->arena, fold->answer, member->key, member);
    for (const struct tree *member = usage ? usage->first : NULL; member; member = member->next)
        if (!tree_is_null(member))
            tree_set(fold->arena, tree_get(fold->answer, "usage"), member->key, member);
}

static inline void fold_anth(struct fold *fold, const struct tree *event, struct gw_str line)
{
    const struct tree *type = tree_get(event, "type");

    fold_expect(fold, type && gw_str_eq(type->raw, line), "the event's line is not its type");
    if (tree_is(type, "error")) {
        fold->error = tree_get(event, "error");
        fold->over = true;
    } else if (tree_is(type, "message_start")) {
        fold_expect(fold, !fold->answer, "a second beginning");
        fold->answer = tree_copy(fold->arena, tree_get(event, "message"));
        fold->answer->key = (struct gw_str){NULL, 0};
    } else if (tree_is(type, "ping")) {
        return;
    } else if (!fold->answer) {
        fold_wrong(fold, "something before the beginning");
    } else if (tree_is(type, "message_delta")) {
        fold_message_delta(fold, event);
    } else if (tree_is(type, "message_stop")) {
        fold_expect(fold, fold->finished, "an end without a stop reason");
        fold->over = true;
    } else {
        fold_block(fold, event, type);
    }
}

/* ---- all ---- */

static inline enum gw_status fold_event(void *arg, const struct gw_sse_event *sse)
{
    struct fold *fold = arg;
    struct gw_str data = gw_arena_str(fold->arena, sse->data);

    fold_expect(fold, !sse->incomplete, "the last event lacks its blank line");
    if (sse->data.len == 0)
        return GW_OK;
    if (fold->over && !(fold->dialect == GW_CODEC_CHAT && !fold->error))
        fold_wrong(fold, "an event behind the end");
    if (gw_str_eq(data, GW_STR("[DONE]"))) {
        fold_expect(fold, fold->dialect == GW_CODEC_CHAT && !fold->over, "[DONE] in a wrong place");
        fold->over = true;
        return GW_OK;
    }
    const struct tree *event = tree_read(fold->arena, data);
    if (!event) {
        fold_wrong(fold, "an event is no JSON");
    } else if (fold->dialect == GW_CODEC_CHAT) {
        fold_expect(fold, !fold->over, "an event behind [DONE]");
        fold_expect(fold, sse->type.len == 0, "chat has no event lines");
        fold_chat(fold, event);
    } else if (fold->dialect == GW_CODEC_MESSAGES) {
        fold_anth(fold, event, gw_arena_str(fold->arena, sse->type));
    } else {
        fold_resp(fold, event, gw_arena_str(fold->arena, sse->type));
    }
    return GW_OK;
}

static inline void fold_stream(struct fold *fold, struct gw_arena *arena, enum gw_codec_id dialect,
                               struct gw_str stream)
{
    struct gw_sse sse;

    *fold = (struct fold){.arena = arena, .dialect = dialect};
    gw_sse_init(&sse);
    assert_int_equal(gw_sse_feed(&sse, stream, fold_event, fold), GW_OK);
    assert_int_equal(gw_sse_end(&sse, fold_event, fold), GW_OK);
    gw_sse_finish(&sse);
    fold_expect(fold, fold->over, "the stream does not tell its end");
    fold_expect(fold, fold->answer || fold->error, "nothing came");
}

#endif
