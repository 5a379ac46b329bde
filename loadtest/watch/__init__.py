"""Watch the event loops of a service from outside its code: what held them, and for how long."""
