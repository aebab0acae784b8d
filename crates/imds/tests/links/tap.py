"""Plays a virtual machine monitor: holds a TAP device, and is the cable from it to a guest's network card.

Arguments: the TAP device, and the interface that leads to the guest.
"""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
SOL_PACKET, PACKET_IGNORE_OUTGOING, PACKET_VNET_HDR = 263, 23, 15
ETH_P_ALL = 3

tap, interface = sys.argv[1:]
device = os.open("/dev/net/tun", os.O_RDWR)
# A frame has virtio's header before it, as in real monitors: checksums are left to the other side.
flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", tap.encode(), flags))
card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
card.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
card.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
card.bind((interface, 0))
print("ready", flush=True)
while True:
    readable, _, _ = select.select([device, card], [], [])
    if device in readable:
        card.send(os.read(device, 1 << 17))
    if card in readable:
        os.write(device, card.recv(1 << 17))
