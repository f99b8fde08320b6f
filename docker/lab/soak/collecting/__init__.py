"""The soak `collector`: garbage collection beside living builds and objects of others."""
