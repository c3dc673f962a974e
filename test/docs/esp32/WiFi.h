/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#pragma once

enum wl_status_t { WL_IDLE_STATUS = 0, WL_CONNECTED = 3 };

class WiFiClass
{
  public:
    wl_status_t begin(const char *ssid, const char *passphrase = nullptr);
    static wl_status_t status();
};

extern WiFiClass WiFi;

class Client
{
};
