"""Drivers: what the agent's port `Driver` is to each kind of directory.

memory/            a pretend domain, for tests of whatever uses a driver
ldap/              what those over LDAPS share
active_directory/  Windows' and Samba's, over LDAPS
openldap/          OpenLDAP's, over LDAPS
workgroup/         a machine without a domain, over SAMR
"""
