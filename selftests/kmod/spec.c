// SPDX-License-Identifier: GPL-2.0-or-later
#include "spec.h"

const struct spec_attr *spec_attr(uint16_t number)
{
	for (size_t i = 0; i < spec_nr_attrs; i++)
		if (spec_attrs[i].number == number)
			return &spec_attrs[i];
	return NULL;
}

const struct spec_request *spec_request(uint8_t command, bool dump)
{
	for (size_t i = 0; i < spec_nr_requests; i++)
		if (spec_requests[i].command == command && spec_requests[i].dump == dump)
			return &spec_requests[i];
	return NULL;
}
