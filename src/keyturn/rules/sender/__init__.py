"""What the DNS says of a mail sender: SPF, DKIM, DMARC. Pure: questions go out, answers come in.

Each evaluation is a generator that yields a `Query` and is sent its `Answer`; whoever drives
it owns the network (flows), or a table of records (tests).  So the whole of RFC 7208 can be
tried without a socket, and no record can make it do anything but ask and conclude.
"""
