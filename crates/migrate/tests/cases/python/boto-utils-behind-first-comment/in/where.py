#!/usr/bin/env python
# -*- coding: utf-8 -*-
def where():
    from boto.utils import get_instance_metadata
    return get_instance_metadata()["placement"]["availability-zone"]


print(where())
