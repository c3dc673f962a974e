#!/usr/bin/python3
# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Asks a question of renewal over websockets, which mosquitto_rr 2.0 cannot:
    ask.py PORT CLIENT-ID CA CERT KEY PAYLOAD
Prints the topic, a line feed and the payload of the first message. Exit code 27: none came within 20 s."""
import sys
import threading

import paho.mqtt.client as mqtt

TOPIC = "$CONTROL/certguard/v1/renew"
port, client_id, ca, cert, key, payload = sys.argv[1:]
answered = threading.Event()


def on_connect(client, userdata, flags, code, *rest):
    client.publish(TOPIC, payload, qos=1)


def on_message(client, userdata, message):
    sys.stdout.buffer.write(message.topic.encode() + b"\n" + message.payload)
    sys.stdout.buffer.flush()
    answered.set()


try:
    client = mqtt.Client(client_id=client_id, transport="websockets")
except (TypeError, ValueError):  # paho-mqtt 2
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, transport="websockets")
client.tls_set(ca, cert, key)
client.on_connect = on_connect
client.on_message = on_message
client.connect("localhost", int(port))
client.loop_start()
done = answered.wait(20)
client.disconnect()
client.loop_stop()
sys.exit(0 if done else 27)
