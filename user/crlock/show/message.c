// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crlock/cell.h"
#include "crlock/show/message.h"

json_t *message_bytes(const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = bytes;
	char *text = malloc(2 * size + 1);
	json_t *json;

	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[byte[i] >> 4];
		text[2 * i + 1] = digits[byte[i] & 15];
	}
	json = json_stringn(text, 2 * size);
	free(text);
	return json;
}

json_t *message_number(uint64_t number)
{
	char digits[24];

	if (number <= INT64_MAX)
		return json_integer(number);
	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	return json_string(digits);
}

static json_t *enum_json(const ProtobufCEnumDescriptor *type, int value)
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);

	return known ? json_string(known->name) : json_integer(value);
}

static json_t *value_json(const ProtobufCFieldDescriptor *field, const void *value)
{
	const ProtobufCBinaryData *bytes = value;

	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return json_integer(*(const int32_t *)value);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return json_integer(*(const int64_t *)value);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return json_integer(*(const uint32_t *)value);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return message_number(*(const uint64_t *)value);
	case PROTOBUF_C_TYPE_FLOAT:
		return json_real(*(const float *)value);
	case PROTOBUF_C_TYPE_DOUBLE:
		return json_real(*(const double *)value);
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)value);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_json(field->descriptor, *(const int *)value);
	case PROTOBUF_C_TYPE_STRING:
		return cell_json_string(*(char *const *)value);
	case PROTOBUF_C_TYPE_BYTES:
		return message_bytes(bytes->data, bytes->len);
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_json(*(ProtobufCMessage *const *)value);
	}
	return json_null();
}

static size_t size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	default:
		return sizeof(uint32_t);
	}
}

static json_t *array_json(const ProtobufCFieldDescriptor *field, const char *values, size_t nr)
{
	json_t *json = json_array();

	for (size_t i = 0; json && i < nr; i++) {
		if (json_array_append_new(json, value_json(field, values + i * size_of(field->type)))) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

static bool is_there(const ProtobufCFieldDescriptor *field, const char *message)
{
	const void *quantifier = message + field->quantifier_offset;
	const void *value = message + field->offset;

	if (field->label == PROTOBUF_C_LABEL_REQUIRED)
		return true;
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)quantifier == field->id;
	if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *)value != NULL;
	return *(const protobuf_c_boolean *)quantifier;
}

/* Text that is not UTF-8 is given twice: as people can read it, and as it is. */
static int add_exact(json_t *json, const ProtobufCFieldDescriptor *field, const char *text)
{
	json_t *exact = json_string(text);
	char name[64];

	if (exact) {
		json_decref(exact);
		return 0;
	}
	snprintf(name, sizeof(name), "%s_bytes", field->name);
	return json_object_set_new(json, name, message_bytes(text, strlen(text)));
}

json_t *message_json(const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	const char *base = (const char *)message;
	json_t *json = json_object();

	for (unsigned int i = 0; json && i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		const char *value = base + field->offset;
		json_t *member;
		int err;

		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			member = array_json(field, *(char *const *)value,
					    *(const size_t *)(base + field->quantifier_offset));
		else if (is_there(field, base))
			member = value_json(field, value);
		else
			continue;
		err = json_object_set_new(json, field->name, member);
		if (!err && field->label != PROTOBUF_C_LABEL_REPEATED &&
		    field->type == PROTOBUF_C_TYPE_STRING)
			err = add_exact(json, field, *(char *const *)value);
		if (err) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}
