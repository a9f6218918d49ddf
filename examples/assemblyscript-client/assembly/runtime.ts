// Empty: this module has no managed objects, so nothing but the imported malloc family allocates.
