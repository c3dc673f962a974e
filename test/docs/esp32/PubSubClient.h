/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#pragma once
#include "WiFi.h"

#include <stdint.h>

class PubSubClient
{
  public:
    explicit PubSubClient(Client &client);
    PubSubClient &setServer(const char *domain, uint16_t port);
    bool connect(const char *id);
    bool connected();
    bool loop();
    bool publish(const char *topic, const char *payload, bool retained);
};
