"""The live race: services side by side under the same load, on a page of Locust's web app, for a projector."""
