/* Images and sound, small but real, and the text of an upload. */
#include "demo/demo_answer.h"

#define IMAGES_MAX 10u
#define IMAGE_SIDE 64u
#define IMAGE_ROW_BYTES (1u + 3u * IMAGE_SIDE) /* a filter byte and RGB */
#define IMAGE_RAW_BYTES (IMAGE_SIDE * IMAGE_ROW_BYTES)
_Static_assert(IMAGE_RAW_BYTES <= 65535, "must fit in one stored block");

#define RATE_HZ 24000u
#define SAMPLE_BYTES 2u
#define TONE_HZ 440u
#define WORD_MS 120u
#define SPEECH_MS_MAX 4000u
#define SOUND_CHUNK_BYTES ((size_t)8192)

/* ---- PNG (ISO 15948): stored, not compressed ---- */

static uint32_t crc32_of(struct gw_str bytes)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.base[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static uint32_t adler32_of(struct gw_str bytes)
{
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        a = (a + (unsigned char)bytes.base[i]) % 65521u;
        b = (b + a) % 65521u;
    }
    return b << 16 | a;
}

static void put_big32(char *into, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        into[i] = (char)(value >> (24 - 8 * i));
}

static void add_png_chunk(struct gw_buf *png, const char *type, struct gw_str content)
{
    char number[4];
    size_t from;

    put_big32(number, (uint32_t)content.len);
    (void)gw_buf_add(png, (struct gw_str){number, 4}); /* the caller looks at the end only */
    from = gw_buf_len(png);
    (void)gw_buf_add(png, (struct gw_str){type, 4});
    (void)gw_buf_add(png, content);
    put_big32(number, crc32_of(gw_str_from(gw_buf_str(png), from)));
    (void)gw_buf_add(png, (struct gw_str){number, 4});
}

/* Circles around the middle, in colours that the seed chooses. */
static void paint(char *raw, uint64_t seed)
{
    for (unsigned y = 0; y < IMAGE_SIDE; y++) {
        char *row = raw + (size_t)y * IMAGE_ROW_BYTES;
        row[0] = 0;
        for (unsigned x = 0; x < IMAGE_SIDE; x++) {
            int dx = (int)x - (int)IMAGE_SIDE / 2, dy = (int)y - (int)IMAGE_SIDE / 2;
            unsigned far = (unsigned)(dx * dx + dy * dy) / 4;
            for (unsigned c = 0; c < 3; c++)
                row[1 + 3 * x + c] = (char)((seed >> (8 * c) & 255) + far * (c + 1));
        }
    }
}

static enum gw_status make_png(struct gw_buf *png, uint64_t seed)
{
    char header[13] = {0}, block[7 + IMAGE_RAW_BYTES + 4];

    put_big32(header, IMAGE_SIDE);
    put_big32(header + 4, IMAGE_SIDE);
    header[8] = 8;   /* bits a sample */
    header[9] = 2;   /* RGB */
    block[0] = 0x78; /* zlib: deflate, 32 KiB window */
    block[1] = 0x01;
    block[2] = 1; /* the last block, stored */
    block[3] = (char)(IMAGE_RAW_BYTES & 255);
    block[4] = (char)(IMAGE_RAW_BYTES >> 8);
    block[5] = (char)~block[3];
    block[6] = (char)~block[4];
    paint(block + 7, seed);
    put_big32(block + 7 + IMAGE_RAW_BYTES, adler32_of((struct gw_str){block + 7, IMAGE_RAW_BYTES}));
    (void)gw_buf_add(png, (struct gw_str){"\x89PNG\r\n\x1a\n", 8});
    add_png_chunk(png, "IHDR", (struct gw_str){header, sizeof header});
    add_png_chunk(png, "IDAT", (struct gw_str){block, sizeof block});
    add_png_chunk(png, "IEND", (struct gw_str){NULL, 0});
    return gw_buf_reserve(png, 1); /* fails again if anything failed before */
}

static void write_image(struct gw_json_writer *out, struct gw_demo_exchange *ex,
                        struct gw_str prompt, unsigned index)
{
    struct gw_str text = {NULL, 0};
    struct gw_buf png;

    gw_buf_init(&png, IMAGE_RAW_BYTES + 1024);
    if (make_png(&png, gw_demo_mix(gw_demo_hash(prompt) + index)) == GW_OK)
        text = gw_demo_base64(&ex->arena, gw_buf_str(&png));
    gw_buf_finish(&png);
    gw_json_write_begin_object(out);
    if (gw_demo_is(ex, 0, "response_format", "url"))
        gw_demo_put(out, "url",
                    gw_arena_printf(&ex->arena, "data:image/png;base64,%.*s", GW_STR_ARG(text)));
    else
        gw_demo_put(out, "b64_json", text);
    gw_demo_put(out, "revised_prompt", prompt);
    gw_json_write_end_object(out);
}

static void put_image_usage(struct gw_json_writer *out, struct gw_str prompt, uint64_t count)
{
    uint64_t input = gw_demo_count(prompt), output = count * 64;

    gw_demo_put_object(out, "usage");
    gw_demo_put_u(out, "input_tokens", input);
    gw_demo_put_object(out, "input_tokens_details");
    gw_demo_put_u(out, "text_tokens", input);
    gw_demo_put_u(out, "image_tokens", 0);
    gw_json_write_end_object(out);
    gw_demo_put_u(out, "output_tokens", output);
    gw_demo_put_u(out, "total_tokens", input + output);
    gw_json_write_end_object(out);
}

void gw_demo_image(struct gw_demo_exchange *ex)
{
    struct gw_str prompt = gw_demo_member_text(ex, 0, "prompt");
    uint64_t count = gw_demo_member_u(ex, 0, "n", 1);

    if (prompt.len == 0) {
        gw_demo_error(ex, 400, "prompt", "missing_required_parameter",
                      "Missing required parameter: 'prompt'.");
        return;
    }
    if (count == 0 || count > IMAGES_MAX) {
        gw_demo_error(ex, 400, "n", "", "'n' must be from 1 to %u.", IMAGES_MAX);
        return;
    }
    if (gw_demo_is_true(ex, 0, "stream")) {
        gw_demo_error(ex, 400, "stream", "", "The demo provider does not stream images.");
        return;
    }
    struct gw_json_writer *out = gw_demo_json(ex);
    gw_json_write_begin_object(out);
    gw_demo_put_u(out, "created", gw_demo_now_s());
    gw_demo_put_array(out, "data");
    for (unsigned i = 0; i < count; i++)
        write_image(out, ex, prompt, i);
    gw_json_write_end_array(out);
    gw_demo_put_c(out, "output_format", "png");
    put_image_usage(out, prompt, count);
    gw_json_write_end_object(out);
    gw_demo_answer(ex, 200);
}

/* ---- speech: a tone as long as the text ---- */

static unsigned speech_ms(struct gw_str text)
{
    unsigned ms = WORD_MS;
    struct gw_str word;

    while (ms < SPEECH_MS_MAX && gw_demo_next_word(&text, &word))
        ms += WORD_MS;
    return ms;
}

static void put_little(char *into, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        into[i] = (char)(value >> (8 * i));
}

/* RIFF, PCM of 16 bits, one channel. */
static void add_wav_head(struct gw_buf *sound, uint32_t bytes)
{
    char head[44] = "RIFF....WAVEfmt ....................data";

    put_little(head + 4, 36 + bytes, 4);
    put_little(head + 16, 16, 4);
    put_little(head + 20, 1, 2);
    put_little(head + 22, 1, 2);
    put_little(head + 24, RATE_HZ, 4);
    put_little(head + 28, RATE_HZ * SAMPLE_BYTES, 4);
    put_little(head + 32, SAMPLE_BYTES, 2);
    put_little(head + 34, 8 * SAMPLE_BYTES, 2);
    put_little(head + 40, bytes, 4);
    (void)gw_buf_add(sound, (struct gw_str){head, sizeof head});
}

static void add_tone(struct gw_buf *sound, unsigned ms)
{
    unsigned samples = RATE_HZ / 1000 * ms, period = RATE_HZ / TONE_HZ;

    for (unsigned i = 0; i < samples; i++) {
        char sample[SAMPLE_BYTES];
        int at = (int)(i % period), half = (int)period / 2;
        int level = (at < half ? at : (int)period - at) * 12000 / half - 6000; /* a triangle */
        put_little(sample, (uint32_t)level, SAMPLE_BYTES);
        (void)gw_buf_add(sound, (struct gw_str){sample, sizeof sample});
    }
}

/* Frames of MPEG-1 layer III, 128 kbit/s, 44.1 kHz, one channel, whose side information is all
 * zero: silence. */
static void add_mp3(struct gw_buf *sound, unsigned ms)
{
    char frame[417] = {(char)0xff, (char)0xfb, (char)0x90, (char)0xc0};

    for (unsigned at = 0; at < ms; at += 26)
        (void)gw_buf_add(sound, (struct gw_str){frame, sizeof frame});
}

/* @return the media type; {NULL, 0} for a format that the demo cannot make */
static struct gw_str make_sound(struct gw_demo_exchange *ex, struct gw_buf *sound, unsigned ms)
{
    uint32_t format = gw_demo_member(ex, 0, "response_format");

    if (gw_json_equals(&ex->json, format, GW_STR("wav"))) {
        add_wav_head(sound, RATE_HZ / 1000 * ms * SAMPLE_BYTES);
        add_tone(sound, ms);
        return GW_STR("audio/wav");
    }
    if (gw_json_equals(&ex->json, format, GW_STR("pcm"))) {
        add_tone(sound, ms);
        return GW_STR("audio/pcm");
    }
    if (format == GW_JSON_ABSENT || gw_json_equals(&ex->json, format, GW_STR("mp3"))) {
        add_mp3(sound, ms);
        return GW_STR("audio/mpeg");
    }
    return (struct gw_str){NULL, 0};
}

static void stream_sound(struct gw_demo_exchange *ex, struct gw_str type, struct gw_str sound)
{
    gw_demo_stream(ex, type);
    while (sound.len) {
        size_t len = sound.len < SOUND_CHUNK_BYTES ? sound.len : SOUND_CHUNK_BYTES;
        gw_demo_bytes(ex, (struct gw_str){sound.base, len});
        gw_demo_step(ex);
        sound = gw_str_from(sound, len);
    }
    gw_demo_stream_end(ex);
}

void gw_demo_speech(struct gw_demo_exchange *ex)
{
    struct gw_str input = gw_demo_member_text(ex, 0, "input");
    struct gw_buf sound;

    if (input.len == 0) {
        gw_demo_error(ex, 400, "input", "missing_required_parameter",
                      "Missing required parameter: 'input'.");
        return;
    }
    gw_buf_init(&sound, 1 << 20);
    struct gw_str type = make_sound(ex, &sound, speech_ms(input));
    if (type.len)
        stream_sound(ex, type, gw_buf_str(&sound));
    else
        gw_demo_error(ex, 400, "response_format", "",
                      "The demo provider makes mp3, wav and pcm, no other formats.");
    gw_buf_finish(&sound);
}

/* ---- transcriptions ---- */

static void put_transcript_usage(struct gw_json_writer *out, struct gw_str text, size_t bytes)
{
    uint64_t input = bytes / 1024 + 1, output = gw_demo_count(text);

    gw_demo_put_object(out, "usage");
    gw_demo_put_c(out, "type", "tokens");
    gw_demo_put_u(out, "input_tokens", input);
    gw_demo_put_u(out, "output_tokens", output);
    gw_demo_put_u(out, "total_tokens", input + output);
    gw_json_write_end_object(out);
}

static void put_segments(struct gw_json_writer *out, struct gw_str text)
{
    gw_demo_put_c(out, "language", "english");
    gw_json_write_key(out, GW_STR("duration"));
    gw_json_write_raw(out, GW_STR("1.5"));
    gw_demo_put_array(out, "segments");
    gw_json_write_begin_object(out);
    gw_demo_put_u(out, "id", 0);
    gw_demo_put_u(out, "seek", 0);
    gw_demo_put_u(out, "start", 0);
    gw_json_write_key(out, GW_STR("end"));
    gw_json_write_raw(out, GW_STR("1.5"));
    gw_demo_put(out, "text", text);
    gw_demo_put_empty_array(out, "tokens");
    gw_demo_put_u(out, "temperature", 0);
    gw_json_write_key(out, GW_STR("avg_logprob"));
    gw_json_write_raw(out, GW_STR("-0.25"));
    gw_demo_put_u(out, "compression_ratio", 1);
    gw_demo_put_u(out, "no_speech_prob", 0);
    gw_json_write_end_object(out);
    gw_json_write_end_array(out);
}

static void transcript_whole(struct gw_demo_exchange *ex, struct gw_str text, size_t bytes,
                             bool verbose)
{
    struct gw_json_writer *out = gw_demo_json(ex);

    gw_json_write_begin_object(out);
    if (verbose) {
        gw_demo_put_c(out, "task", "transcribe");
        put_segments(out, text);
    }
    gw_demo_put(out, "text", text);
    put_transcript_usage(out, text, bytes);
    gw_json_write_end_object(out);
    gw_demo_answer(ex, 200);
}

static void transcript_streamed(struct gw_demo_exchange *ex, struct gw_str text, size_t bytes)
{
    struct gw_demo_pieces pieces = gw_demo_pieces(text);
    struct gw_json_writer *out;
    struct gw_str piece;

    gw_demo_stream(ex, GW_DEMO_SSE);
    while (gw_demo_next_piece(&pieces, &piece)) {
        out = gw_demo_json(ex);
        gw_json_write_begin_object(out);
        gw_demo_put_c(out, "type", "transcript.text.delta");
        gw_demo_put(out, "delta", piece);
        gw_json_write_end_object(out);
        gw_demo_event(ex, GW_STR(""));
        gw_demo_step(ex);
    }
    if (gw_demo_fails_here(ex)) {
        gw_demo_stream_error(ex);
        return;
    }
    out = gw_demo_json(ex);
    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "type", "transcript.text.done");
    gw_demo_put(out, "text", text);
    put_transcript_usage(out, text, bytes);
    gw_json_write_end_object(out);
    gw_demo_event(ex, GW_STR(""));
    gw_demo_data_line(ex, GW_STR("[DONE]"));
    gw_demo_stream_end(ex);
}

void gw_demo_transcription(struct gw_demo_exchange *ex)
{
    const struct gw_demo_part *file = gw_demo_form_part(ex->form, "file");
    struct gw_str format = gw_demo_form_value(ex->form, "response_format");

    if (!file) {
        gw_demo_error(ex, 400, "file", "missing_required_parameter",
                      "Missing required parameter: 'file'.");
        return;
    }
    struct gw_str name = file->filename.len ? file->filename : GW_STR("a file");
    struct gw_str text =
        gw_arena_printf(&ex->arena, "This is the demo transcription of %.*s, which has %zu bytes.",
                        GW_STR_ARG(gw_demo_prefix(name, 200)), file->bytes.len);
    if (gw_str_eq(format, GW_STR("text")))
        gw_demo_answer_bytes(ex, 200, GW_STR("text/plain; charset=utf-8"),
                             gw_arena_printf(&ex->arena, "%.*s\n", GW_STR_ARG(text)));
    else if (gw_str_eq(format, GW_STR("srt")))
        gw_demo_answer_bytes(ex, 200, GW_STR("text/plain; charset=utf-8"),
                             gw_arena_printf(&ex->arena,
                                             "1\n00:00:00,000 --> 00:00:01,500\n%.*s\n\n",
                                             GW_STR_ARG(text)));
    else if (gw_str_eq(format, GW_STR("vtt")))
        gw_demo_answer_bytes(ex, 200, GW_STR("text/plain; charset=utf-8"),
                             gw_arena_printf(&ex->arena,
                                             "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n%.*s\n\n",
                                             GW_STR_ARG(text)));
    else if (gw_str_eq(gw_demo_form_value(ex->form, "stream"), GW_STR("true")))
        transcript_streamed(ex, text, file->bytes.len);
    else
        transcript_whole(ex, text, file->bytes.len, gw_str_eq(format, GW_STR("verbose_json")));
}
