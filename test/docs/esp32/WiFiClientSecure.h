/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#pragma once
#include "WiFi.h"

class WiFiClientSecure : public Client
{
  public:
    void setCACert(const char *root_ca);
    void setCertificate(const char *client_certificate);
    void setPrivateKey(const char *private_key);
};
