/*
 * model/media: where an image or a file is, and what it is (translation.md §2.5): data URLs (RFC 2397), types
 * of media, base64.
 */
#ifndef GW_MODEL_MEDIA_H
#define GW_MODEL_MEDIA_H

#include "model/request.h"

/* Where media are, from the one string that the OpenAI dialects say it with: a URL, or BASE64 with its type in
 * lower case and without blanks in the data. What was not base64 is made so. Large data are a slice of `url`,
 * not a copy.
 * @return GW_OK; GW_INVALID: a data URL without its comma; GW_NO_MEMORY */
enum gw_status gw_data_url_read(struct gw_text url, struct gw_arena *arena,
                                struct gw_source *source_out);

/* And back: "data:TYPE;base64,…" of BASE64, the URL itself of URL. Absent when out of memory, or when it is
 * neither. */
struct gw_text gw_data_url_write(const struct gw_source *source, struct gw_arena *arena);

/* The type of media, in lower case, with the odd names of usual ones mended ("image/jpg"). Absent when out of
 * memory. @param type  decoded */
struct gw_text gw_media_type(struct gw_str type, struct gw_arena *arena);

/* By the end of a file's name or of a URL's path; {NULL, 0}: unknown. @param name  decoded */
struct gw_str gw_media_type_of_name(struct gw_str name);

/* By the first bytes, for images that every provider takes: JPEG, PNG, GIF, WebP; {NULL, 0}: none of them.
 * GW_MEDIA_MAGIC_BYTES are enough. */
#define GW_MEDIA_MAGIC_BYTES 12u
struct gw_str gw_media_type_of_bytes(struct gw_str bytes);

/* Does Claude look at images of this type? So does Bedrock. */
bool gw_media_is_claude_image(struct gw_text type);

/* Bytes as base64. Absent when out of memory. */
struct gw_text gw_media_base64(struct gw_str bytes, struct gw_arena *arena);

/* What base64 (or base64url, padded or not) says, as text: bytes that are no UTF-8 become U+FFFD. Absent when
 * it is no base64, or out of memory. */
struct gw_text gw_media_text(struct gw_text base64, struct gw_arena *arena);

#endif
