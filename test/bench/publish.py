# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Connects once with paho-mqtt and prints the ms from the start of the handshake to the CONNACK:
publish.py PORT FOLDER, which has ca.pem, dev.pem and dev.key. Called by bench_publish."""
import ssl
import sys
import time

import paho.mqtt.client as mqtt

port, folder = int(sys.argv[1]), sys.argv[2]
try:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "bench")
except AttributeError:  # before paho-mqtt 2
    client = mqtt.Client("bench")
took = []
client.on_connect = lambda *received: took.append(1000 * (time.monotonic() - began)) or client.disconnect()
context = ssl.create_default_context(cafile=folder + "/ca.pem")
context.load_cert_chain(folder + "/dev.pem", folder + "/dev.key")
client.tls_set_context(context)
began = time.monotonic()
client.connect("127.0.0.1", port)
client.loop_forever()
print("%.3f" % took[0])
