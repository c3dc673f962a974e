/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the guide's sketch uses of the ESP32's Arduino core and its libraries, declared only: the sketch is compiled, not
 * linked. */
#pragma once
#include <stdint.h>

void delay(uint32_t ms);
void configTime(long gmt_offset_s, int daylight_offset_s, const char *server1, const char *server2 = nullptr,
                const char *server3 = nullptr);
