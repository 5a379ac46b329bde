"""The live race: services side by side under the same load, on a page of Locust's web app, for the wall of a room."""
