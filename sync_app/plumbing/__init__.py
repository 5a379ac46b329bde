"""What every request of this twin passes through: nobody needs to read it first."""
