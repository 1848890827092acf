/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any message of an image as JSON, by what its descriptor says.
 */
#ifndef CRLOCK_SHOW_MESSAGE_H
#define CRLOCK_SHOW_MESSAGE_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

/**
 * message_json - An object with all fields that are there, by name. Bytes are hexadecimal digits, values of
 * enumerations their names, numbers above 2^63 - 1 strings. Text that is not UTF-8 has its bytes in NAME_bytes too.
 *
 * Returns: it, or NULL without memory.
 */
json_t *message_json(const ProtobufCMessage *message);

/** message_bytes - Bytes as a string of hexadecimal digits. Returns: as message_json(). */
json_t *message_bytes(const void *bytes, size_t size);

/** message_number - A number; a string if it is more than an int64_t. Returns: as message_json(). */
json_t *message_number(uint64_t number);

#endif
